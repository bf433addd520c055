/** A block of content, of a request or a reply. */
import { Schema } from "effect"

/** A content block as the API sends it: `type` and whatever belongs to that type. */
export const Block = Schema.StructWithRest(Schema.Struct({ type: Schema.String }), [
  Schema.Record(Schema.String, Schema.Unknown)
])
export type Block = typeof Block.Type
