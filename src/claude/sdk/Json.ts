/**
 * JSON as it is parsed, before it is known to be anything of the API. It is checked by predicates: a schema takes ten times as
 * long, for every reply.
 */
import { Option } from "effect"

/** An object of JSON, with fields of any type. */
export type Json = { readonly [name: string]: unknown }

/** Parses JSON; `undefined` where the text is not JSON. */
export const jsonOf = (text: string): unknown => Option.getOrUndefined(parse(text))
const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))
