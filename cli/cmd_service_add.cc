#include "cli/commands.h"
#include "cli/service_change.h"

namespace phantom {
namespace {

struct AddServiceArgs {
  std::string name;
  std::optional<std::string> secret;
  std::optional<std::string> host;
  std::optional<std::string> scheme;
  std::optional<std::string> header;
  std::optional<std::string> header_format;
  std::optional<std::string> base_url_env;
  std::optional<std::string> base_path;
  std::optional<std::string> ca_file;
  bool replace = false;
  bool json = false;
};

ServiceText service_text(const AddServiceArgs& args) {
  ServiceText service{args.name, {}};
  const auto put = [&service](const char* key, const std::optional<std::string>& value) {
    if (value) service.values.emplace_back(key, *value);
  };
  put("secret", args.secret);
  put("host", args.host);
  put("scheme", args.scheme);
  put("header", args.header);
  put("header_format", args.header_format);
  put("base_url_env", args.base_url_env);
  put("base_path", args.base_path);
  put("ca_file", args.ca_file);
  return service;
}

Result<int> add_service_to_project(Environment& environment, const AddServiceArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const ConfigOnDisk before, read_config_file(project.config_file));
  const ServiceText service = service_text(args);
  PH_ASSIGN(const EditedConfig edited, args.replace ? replace_service(before.text, service)
                                                    : add_service(before.text, service));
  PH_TRY(write_service(environment, project, before, edited, args.name,
                       args.json ? ChangeReport::kJson : ChangeReport::kText));
  return kExitOk;
}

}  // namespace

Command service_add_command() {
  const auto args = std::make_shared<AddServiceArgs>();
  Command command;
  command.words = {"service", "add"};
  command.summary = "write a service into the project's configuration";
  command.description =
      "Adds a [services.NAME] table to .phantom.toml. Comments, order and all other bytes of the "
      "file stay. A service that sends a secret where phantom does not by itself is used only "
      "after "
      "phantom config accept.";
  command.positionals = {{"NAME", "of the service: a-z, 0-9, _ and -", &args->name}};
  command.options = {
      {"secret", "NAME", "the secret it takes, like EXAMPLE_API_KEY", &args->secret},
      {"host", "HOST", "where it is, with :PORT if that is not the usual one", &args->host},
      {"scheme", "SCHEME", "http is for loopback addresses only", &args->scheme, {"https", "http"}},
      {"header", "NAME", "the header the secret goes into", &args->header},
      {"header-format", "TEXT", "its value, {secret} standing for the secret",
       &args->header_format},
      {"base-url-env", "NAME", "variable that tells the child where the service is",
       &args->base_url_env},
      {"base-path", "PATH", "of the service's URLs, like /v1", &args->base_path},
      {"ca-file", "FILE", "certificates to trust, a file of the project", &args->ca_file},
      {"replace", "", "the service is there; keys that are not given are taken out",
       &args->replace},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) {
    return add_service_to_project(environment, *args);
  };
  return command;
}

}  // namespace phantom
