#include "vault/secret_service.h"

#include "events/encoding.h"
#include "vault/unlock.h"

// Types and prototypes only: every function is looked up at run time.
#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <libsecret/secret.h>
#include <utility>
#include <vector>

namespace phantom {
namespace {

constexpr const char* kDefaultKeyring = "default";  // the alias every service knows

const SecretSchema& schema() {
  static const SecretSchema made = [] {
    SecretSchema out{};
    out.name = "dev.phantom.VaultKey";
    // A locked keyring does not match the schema's name, and a locked key would look like none.
    out.flags = SECRET_SCHEMA_DONT_MATCH_NAME;
    out.attributes[0] = {"kind", SECRET_SCHEMA_ATTRIBUTE_STRING};
    out.attributes[1] = {"project", SECRET_SCHEMA_ATTRIBUTE_STRING};
    out.attributes[2] = {"vault", SECRET_SCHEMA_ATTRIBUTE_STRING};
    return out;
  }();
  return made;
}

// The library talks to the bus in threads of its own. A signal that one of them took would not be
// passed on to the command of a session.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Without one the library would start a bus of its own, which has no keyring.
Status check_session_bus() {
  const char* address = std::getenv("DBUS_SESSION_BUS_ADDRESS");
  if (address != nullptr && *address != '\0') return {};
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code code;
  if (runtime != nullptr && *runtime != '\0' &&
      std::filesystem::exists(std::filesystem::path(runtime) / "bus", code)) {
    return {};
  }
  return Error{Code::kNotFound, "there is no session bus, so no Secret Service can be reached",
               "run it in a desktop session, or under 'dbus-run-session' with a keyring"};
}

Error locked() {
  return {Code::kDenied, "the keyring of the Secret Service is locked",
          "unlock it (log in, or open the desktop's password program) and run the command again"};
}

}  // namespace

struct SecretService::Library {
#define PH_FUNCTION(name) decltype(&::name) name = nullptr
  PH_FUNCTION(secret_service_get_sync);
  PH_FUNCTION(secret_service_search_sync);
  PH_FUNCTION(secret_service_store_sync);
  PH_FUNCTION(secret_collection_for_alias_sync);
  PH_FUNCTION(secret_collection_get_locked);
  PH_FUNCTION(secret_item_get_locked);
  PH_FUNCTION(secret_item_get_secret);
  PH_FUNCTION(secret_item_delete_sync);
  PH_FUNCTION(secret_value_new);
  PH_FUNCTION(secret_value_get);
  PH_FUNCTION(secret_value_unref);
  PH_FUNCTION(g_hash_table_new);
  PH_FUNCTION(g_hash_table_insert);
  PH_FUNCTION(g_hash_table_unref);
  PH_FUNCTION(g_str_hash);
  PH_FUNCTION(g_str_equal);
  PH_FUNCTION(g_error_free);
  PH_FUNCTION(g_object_unref);
  PH_FUNCTION(g_list_free);
#undef PH_FUNCTION

  // Any of the library's reference-counted objects.
  struct Unref {
    const Library* library;
    void operator()(void* object) const { library->g_object_unref(object); }
  };
  template <class T>
  using Held = std::unique_ptr<T, Unref>;
  template <class T>
  Held<T> hold(T* object) const {
    return Held<T>(object, Unref{this});
  }

  bool load(void* handle) {
    bool whole = true;
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(::dlsym(handle, name));
      whole = whole && function != nullptr;
    };
#define PH_FIND(name) find(name, #name)
    PH_FIND(secret_service_get_sync);
    PH_FIND(secret_service_search_sync);
    PH_FIND(secret_service_store_sync);
    PH_FIND(secret_collection_for_alias_sync);
    PH_FIND(secret_collection_get_locked);
    PH_FIND(secret_item_get_locked);
    PH_FIND(secret_item_get_secret);
    PH_FIND(secret_item_delete_sync);
    PH_FIND(secret_value_new);
    PH_FIND(secret_value_get);
    PH_FIND(secret_value_unref);
    PH_FIND(g_hash_table_new);
    PH_FIND(g_hash_table_insert);
    PH_FIND(g_hash_table_unref);
    PH_FIND(g_str_hash);
    PH_FIND(g_str_equal);
    PH_FIND(g_error_free);
    PH_FIND(g_object_unref);
    PH_FIND(g_list_free);
#undef PH_FIND
    return whole;
  }

  // Takes the error over. What the service says is shown to the person and recorded nowhere.
  Error refused(GError* error) const {
    Error out{Code::kNotFound, "the Secret Service does not answer",
              "start a keyring (GNOME Keyring, KWallet, KeePassXC) in this session"};
    if (error != nullptr) {
      out.message += ": " + escape_terminal(error->message);
      g_error_free(error);
    }
    return out;
  }

  Result<Held<::SecretService>> service() const {
    GError* error = nullptr;
    ::SecretService* found = secret_service_get_sync(SECRET_SERVICE_OPEN_SESSION, nullptr, &error);
    if (found == nullptr) return refused(error);
    return hold(found);
  }

  // The texts must outlive the table.
  std::unique_ptr<GHashTable, void (*)(GHashTable*)> attributes(const KeyLabel& label) const {
    GHashTable* table = g_hash_table_new(g_str_hash, g_str_equal);
    const auto put = [&](const char* key, const char* value) {
      g_hash_table_insert(table, const_cast<char*>(key), const_cast<char*>(value));
    };
    put("kind",
        label.kind == KeyLabel::Kind::kVaultKey ? "phantom vault key" : "phantom kept root");
    put("project", label.project.c_str());
    put("vault", label.vault.c_str());
    return {table, g_hash_table_unref};
  }

  Result<std::vector<Held<SecretItem>>> search(::SecretService* service,
                                               const KeyLabel& label) const {
    const auto table = attributes(label);
    GError* error = nullptr;
    GList* found = secret_service_search_sync(
        service, &schema(), table.get(),
        static_cast<SecretSearchFlags>(SECRET_SEARCH_ALL | SECRET_SEARCH_LOAD_SECRETS), nullptr,
        &error);
    if (error != nullptr) return refused(error);
    std::vector<Held<SecretItem>> items;
    for (GList* each = found; each != nullptr; each = each->next) {
      items.push_back(hold(static_cast<SecretItem*>(each->data)));
    }
    g_list_free(found);
    return items;
  }

  // Where new keys go. A missing or locked keyring would make the library ask the person.
  Status check_default_keyring(::SecretService* service) const {
    GError* error = nullptr;
    const auto keyring = hold(secret_collection_for_alias_sync(
        service, kDefaultKeyring, SECRET_COLLECTION_NONE, nullptr, &error));
    if (error != nullptr) return refused(error);
    if (keyring == nullptr) {
      return Error{Code::kNotFound, "the Secret Service has no default keyring",
                   "make one in the desktop's password program"};
    }
    if (secret_collection_get_locked(keyring.get())) return locked();
    return {};
  }
};

SecretService::SecretService(std::string library) : library_name_(std::move(library)) {}
SecretService::~SecretService() = default;

Result<SecretService::Library*> SecretService::open() {
  PH_TRY(check_session_bus());
  if (library_) return library_.get();
  // Stays loaded: its threads run on.
  void* handle = ::dlopen(library_name_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  auto library = std::make_unique<Library>();
  if (handle == nullptr || !library->load(handle)) {
    return Error{Code::kUnsupported,
                 library_name_ + " is not on this machine, so no Secret Service can be asked",
                 "install the package libsecret-1-0"};
  }
  library_ = std::move(library);
  return library_.get();
}

Result<std::optional<SecretBytes>> SecretService::find(const KeyLabel& label) {
  const SignalsBlocked blocked;
  PH_ASSIGN(const Library* library, open());
  PH_ASSIGN(const auto service, library->service());
  PH_ASSIGN(const auto items, library->search(service.get(), label));
  bool any_locked = false;
  for (const auto& item : items) {
    SecretValue* value = library->secret_item_get_secret(item.get());
    if (value == nullptr) {
      any_locked = any_locked || library->secret_item_get_locked(item.get());
      continue;
    }
    gsize size = 0;
    const char* text = library->secret_value_get(value, &size);
    Result<SecretBytes> key = parse_key_file(as_bytes(std::string_view(text, size)));
    library->secret_value_unref(value);
    if (!key.ok()) {
      return Error{Code::kCorrupt, "what the Secret Service keeps for this vault is no key"};
    }
    return std::optional<SecretBytes>(std::move(*key));
  }
  if (any_locked) return locked();
  return std::optional<SecretBytes>();
}

Status SecretService::store(const KeyLabel& label, const SecretBytes& key) {
  const SignalsBlocked blocked;
  PH_ASSIGN(const Library* library, open());
  PH_ASSIGN(const auto service, library->service());
  PH_TRY(library->check_default_keyring(service.get()));
  const SecretBytes text = key_file_text(key);
  const std::string title = "phantom: vault of project " + label.project;
  const auto table = library->attributes(label);
  SecretValue* value =
      library->secret_value_new(text.text().data(), static_cast<gssize>(text.size()), "text/plain");
  GError* error = nullptr;
  const bool stored =
      library->secret_service_store_sync(service.get(), &schema(), table.get(), kDefaultKeyring,
                                         title.c_str(), value, nullptr, &error) != 0;
  library->secret_value_unref(value);
  if (!stored) return library->refused(error);
  return {};
}

Status SecretService::forget(const KeyLabel& label) {
  const SignalsBlocked blocked;
  PH_ASSIGN(const Library* library, open());
  PH_ASSIGN(const auto service, library->service());
  PH_ASSIGN(const auto items, library->search(service.get(), label));
  for (const auto& item : items) {
    // A locked one would make the library ask the person.
    if (library->secret_item_get_locked(item.get())) return locked();
    GError* error = nullptr;
    if (library->secret_item_delete_sync(item.get(), nullptr, &error) == 0) {
      return library->refused(error);
    }
  }
  return {};
}

KeyKeeper& secret_service() {
  static SecretService service;
  return service;
}

}  // namespace phantom
