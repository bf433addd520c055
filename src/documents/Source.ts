/** How a plan or a program names what is sent beside questions: a text, a file, or a list of them. */
import { Schema } from "effect"
import { Document } from "../claude/Document.ts"
import { NonEmpty } from "../options/OptionSchemas.ts"

const titleWords = { expected: "a title of 1 to 500 characters" }

/** The API takes titles of so many characters. */
const Title = Schema.String.check(
  Schema.makeFilter((text) => text.trim() !== "" && text.length <= 500, titleWords)
).annotate(titleWords)

const details = {
  title: Schema.optionalKey(Title),
  citations: Schema.optionalKey(Schema.Boolean)
}

const one = { expected: "either file or text" }

/** A file, whose title is its name where none is given, or a text. */
const Titled = Schema.Struct({
  file: Schema.optionalKey(Schema.String),
  text: Schema.optionalKey(NonEmpty("text that is not blank")),
  ...details
}).check(Schema.makeFilter(({ file, text }) => (file === undefined) !== (text === undefined), one))
export interface Titled extends Schema.Schema.Type<typeof Titled> {}

const File = Schema.Struct({ file: Schema.String, ...details })
export interface File extends Schema.Schema.Type<typeof File> {}

const contextWords = { expected: "text, { file: path }, or a list of them" }
const filesWords = { expected: "the name of a file, or a list of them" }

/** A list is of one kind or more. */
const listOf = <S extends Schema.Top>(item: S, expected: string) =>
  Schema.Array(item).check(Schema.isMinLength(1, { expected }))

/** A context as code gives it. A document that was read before stands as it is. */
export const ContextInCode = Schema.Union([
  Schema.String,
  Titled,
  Document,
  Schema.Array(Schema.Union([Schema.String, Titled, Document]).annotate(contextWords))
]).annotate(contextWords)
export type Context = string | Titled | Document | ReadonlyArray<string | Titled | Document>

/** What all asks share. Text in a list is a document of it; files are relative to the folder of the plan. */
export const Context = Schema.Union([
  Schema.String,
  Titled,
  listOf(Schema.Union([Schema.String, Titled]).annotate(contextWords), "at least one text or file")
]).annotate({ ...contextWords, inCode: ContextInCode })

const FilesInCode = Schema.Union([
  Schema.String,
  File,
  Document,
  Schema.Array(Schema.Union([Schema.String, File, Document]).annotate(filesWords))
]).annotate(filesWords)

const Name = NonEmpty("the name of a file that is not empty")

/** Files of one ask, which are sent after what all asks share. */
export const Files = Schema.Union([
  Name,
  File,
  listOf(Schema.Union([Name, File]).annotate(filesWords), "at least one file")
]).annotate({ ...filesWords, inCode: FilesInCode })

/** Files as code gives them: a string is a path. */
export type Files = string | File | Document | ReadonlyArray<string | File | Document>
