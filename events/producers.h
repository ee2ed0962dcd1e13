#pragma once
// What every producer needs to make a draft.

#include "events/catalog.h"
#include "events/draft.h"
#include "events/tags.h"

#include <flatbuffers/flatbuffers.h>

namespace phantom {

// A draft of event type T, filed under the actor, project and session of its context. `build` gets
// a FlatBufferBuilder and returns the offset of the payload.
template <class T, class Build>
Draft make_draft(const Context& context, Build build) {
  flatbuffers::FlatBufferBuilder builder(512);
  const flatbuffers::Offset<T> root = build(builder);
  builder.Finish(root);
  Draft draft;
  draft.type = event_no<T>();
  draft.context = context;
  if (!context.actor_id.empty()) draft.tags.push_back(actor_tag(context.actor_id));
  if (!context.project.empty()) draft.tags.push_back(project_tag(context.project));
  if (!context.session.empty()) draft.tags.push_back(session_tag(context.session));
  draft.payload.assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  return draft;
}

}  // namespace phantom
