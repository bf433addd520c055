/** What a client may meet, row by row: how to bring it about, and what the SDK should show of it. */
import type { Row } from "./Row.ts"
import { breaks } from "./rows.breaks.ts"
import { endpoints } from "./rows.endpoints.ts"
import { refusals } from "./rows.refusals.ts"
import { replies } from "./rows.replies.ts"

/** Every row of the contract. */
export const rows: ReadonlyArray<Row> = [...endpoints, ...replies, ...refusals, ...breaks]
