/** The error of a journal. */
import { Data } from "effect"

/** Why a journal cannot be used; the message names its place. */
export class JournalError extends Data.TaggedError("JournalError")<{ readonly message: string }> {}
