/** A mock behind its HTTP server, for clients that take a base URL. */
import { mockClaude, type MockClaude, type Options } from "fanfold/mocks"

/** Runs `use` with a served mock, and gives the journal's problems with the client. */
export const served = async <A>(
  options: Options,
  use: (claude: MockClaude, url: string) => Promise<A>
): Promise<{ readonly value: A; readonly problems: ReadonlyArray<unknown> }> => {
  const claude = mockClaude(options)
  await using server = await claude.serve()
  const value = await use(claude, server.url)
  return { value, problems: claude.journal.verdict().problems }
}
