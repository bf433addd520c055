/** How the command line began a run, as versioned data. */
import { Schema } from "effect"
import { stamp } from "./EventStamp.ts"

/**
 * A run is begun by the command line. `words`: what was typed after `fanfold`, without secrets; `folder`: where, and `outputs`: the
 * files of `-o`, as absolute paths; `settings`: what the plan and the flags set, by plan key (`retry.within`), as text. `ask` is empty.
 */
export const Configured = Schema.TaggedStruct("Configured", {
  ...stamp,
  folder: Schema.String,
  words: Schema.Array(Schema.String),
  outputs: Schema.Array(Schema.String),
  settings: Schema.Record(Schema.String, Schema.String)
})
export interface Configured extends Schema.Schema.Type<typeof Configured> {}
