/** How many pages a PDF has, and whether it can be read at all. The one place that loads `unpdf`, which is large. */
import { Effect, Predicate } from "effect"

/** The words of a problem follow the name of the file. */
const wordsOf = (thrown: unknown): string => {
  const name = Predicate.hasProperty(thrown, "name") ? String(thrown.name) : ""
  if (name === "PasswordException") return withPassword
  return "is a damaged PDF: its pages cannot be found"
}

const withPassword = "is a PDF with a password or encryption, which the API rejects: save it without"

/** The number of pages. Takes the bytes over: they cannot be used after it. */
export const pagesOf = (bytes: Uint8Array): Effect.Effect<number, string> =>
  Effect.tryPromise({
    try: () =>
      import("unpdf").then(({ getDocumentProxy }) =>
        getDocumentProxy(bytes, { verbosity: 0 }).then((pdf) =>
          pdf.getMetadata().then(({ info }) => {
            const { numPages } = pdf
            const filter = Predicate.hasProperty(info, "EncryptFilterName") ? info.EncryptFilterName : null
            return pdf.loadingTask.destroy().then(() => ({ pages: numPages, isEncrypted: typeof filter === "string" }))
          })
        )
      ),
    catch: wordsOf
  }).pipe(
    Effect.flatMap(({ isEncrypted, pages }) =>
      isEncrypted
        ? Effect.fail(withPassword)
        : pages > 0
          ? Effect.succeed(pages)
          : Effect.fail("is a PDF without pages")
    )
  )
