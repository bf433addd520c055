/** The size of an image in pixels, and what the API takes of it. */
import { Effect } from "effect"
import { numberText } from "../options/NumberText.ts"
import { missingOf } from "./ImageEnd.ts"

/** The API's limit for the bytes of an image, in base64. */
const maxBase64Bytes = 5 * 1024 * 1024

/** The API's limit for each side of an image, in pixels. */
const maxPixels = 8000

/** Width and height; fails, in words that follow the file's name, where the API would reject it. */
export const sizeOf = (
  bytes: Uint8Array
): Effect.Effect<{ readonly width: number; readonly height: number }, string> => {
  const inBase64 = Math.ceil(bytes.length / 3) * 4
  if (inBase64 > maxBase64Bytes) {
    const [has, takes] = [inBase64, maxBase64Bytes].map((size) => `${(size / 1e6).toFixed(1)} MB`)
    return Effect.fail(`is too large: an image may have ${takes} in base64, it has ${has}; save it smaller`)
  }
  return Effect.tryPromise({
    try: () => import("image-size").then(({ imageSize }) => imageSize(bytes)),
    catch: () => "is a damaged image: its width and height cannot be found"
  }).pipe(
    Effect.flatMap(({ height, type, width }) => {
      if (!(width > 0 && height > 0)) return Effect.fail("is a damaged image: its width and height cannot be found")
      const missing = missingOf(bytes, type)
      if (missing !== undefined) return Effect.fail(`is a damaged image: ${missing} missing at its end; save it again`)
      return Math.max(width, height) > maxPixels
        ? Effect.fail(
            `has ${numberText(width)} × ${numberText(height)} pixels, and the API takes ${numberText(maxPixels)} on each side: save it smaller`
          )
        : Effect.succeed({ width, height })
    })
  )
}
