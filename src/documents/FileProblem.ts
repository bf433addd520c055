/** Why a file cannot be read. */
import type { PlatformError } from "effect"

/** The reason why a file cannot be read, in words. */
export const whyUnread = ({ reason }: PlatformError.PlatformError): string => {
  const known = { NotFound: "no such file", PermissionDenied: "permission denied", BadResource: "is no file" }
  return known[reason._tag as keyof typeof known] ?? `cannot be read: ${reason.message}`
}
