/** Reasons with which the API says that it has done nothing. A gateway's 5xx, or a lost connection, says nothing of that. */
import type { Reason } from "./Reason.ts"

export const rejections = [
  "RateLimited",
  "SpendLimitReached",
  "InvalidRequest",
  "Authentication",
  "BillingFailed",
  "PermissionDenied",
  "NotFound",
  "TooLarge"
] as const satisfies ReadonlyArray<Reason["_tag"]>
