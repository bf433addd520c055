/** All rows of the contract. */
import type { Row } from "./Row.ts"
import { batches } from "./rows.batches.ts"
import { faults } from "./rows.faults.ts"
import { endpoints } from "./rows.endpoints.ts"
import { errors } from "./rows.errors.ts"
import { replies } from "./rows.replies.ts"

export const rows: ReadonlyArray<Row> = [...endpoints, ...batches, ...replies, ...errors, ...faults]
