/** The model of a request by its name, or several in the order in which they are tried. */
import { Array, Schema } from "effect"
import { NonEmpty } from "../options/OptionSchemas.ts"

const aName = { expected: "the name of a model" }

/** Gateways may have names with blanks in them; blanks at the ends, and line ends, are none of any. */
const isName = (name: string): boolean => name === name.trim() && !/\p{Cc}/u.test(name)

const Name = NonEmpty(aName.expected).check(Schema.makeFilter(isName, aName))

const aList = { expected: "a list of different models" }

const List = Schema.Array(Name)
  .annotate(aList)
  .check(Schema.isMinLength(1, aList).abort(), Schema.isUnique(aList))
  .pipe(Schema.refine(Array.isReadonlyArrayNonEmpty))

/** A name, or a list of different ones. */
export const Models = Schema.Union([Name, List]).annotate({
  expected: "the name of a model, or a list of different ones"
})
export type Models = typeof Models.Type

/** The model that is asked first. */
export const first = (models: Models): string => (typeof models === "string" ? models : models[0])

const noModels: ReadonlyArray<string> = []

/** The models after the first: each is asked where the one before it is overloaded or missing, or refuses. */
export const others = (models: Models): ReadonlyArray<string> =>
  typeof models === "string" ? noModels : models.slice(1)

/** All of them, in their order. */
export const all = (models: Models): Array.NonEmptyReadonlyArray<string> =>
  typeof models === "string" ? [models] : models

/** Whether both name the same models in the same order. */
export const areSame = (a: Models, b: Models): boolean => all(a).join("\n") === all(b).join("\n")

/** Reads the value of `--model`: a name, or several separated by commas; `undefined` for any other text. */
export const fromString = (text: string): Models | undefined => {
  const names = text.split(",").map((name) => name.trim())
  const models = names.length === 1 ? names[0] : names
  return Schema.is(Models)(models) ? models : undefined
}
