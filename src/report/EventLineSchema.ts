/** The schema of a line of `--events`, for readers of other languages. Apart from what writes lines, which needs none of it. */
import { Record, Schema } from "effect"
import { Event } from "../claude/Event.ts"
import { Block, Request } from "../claude/Message.ts"

/** The request of an attempt; the shared `context` stands in the first line that sends it, and the hash of a document for its bytes. */
const request = Schema.optionalKey(Request)

/** The blocks of an answer, as the API sends them. */
const content = Schema.optionalKey(Schema.Array(Block))

/** Fields of events that are content: they may be absent from a line. */
const ofContent = new Set(["question", "issue", "message", "words"])

type Fields = Schema.Struct.Fields

const fieldsOf = (tag: Event["_tag"], fields: Fields): Fields => ({
  ...Record.map(fields, (field, name) =>
    ofContent.has(name) && Schema.isSchema(field) ? Schema.optionalKey(field) : field
  ),
  ...(tag === "ResearchStarted" && {
    asks: Schema.Array(Schema.Struct({ name: Schema.String, question: Schema.optionalKey(Schema.String) }))
  }),
  ...(tag === "Cited" && {
    faults: Schema.Array(Schema.Struct({ kind: Schema.String, message: Schema.optionalKey(Schema.String) }))
  }),
  ...(tag === "Dispatched" && { request }),
  ...((tag === "Replied" || tag === "Reused") && { content })
})

/** The schema of a line. Its `version` is that of the journal's events. */
export const EventLine = Schema.Union(
  Event.members.map((member) => Schema.Struct(fieldsOf(member.fields._tag.schema.literal, member.fields)))
).annotate({ title: "fanfold event" })

/** The JSON Schema of a line, for readers of other languages. */
export const toJsonSchema = (): object => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(EventLine, { generateDescriptions: true })
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema, $defs: definitions }
}
