/** Loaded before a process: the packages of clouds are not installed. */
import { registerHooks } from "node:module"

const missing = /@anthropic-ai\/(?:bedrock|vertex|foundry)-sdk/

registerHooks({
  resolve(specifier, context, next) {
    if (!missing.test(specifier)) return next(specifier, context)
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: "ERR_MODULE_NOT_FOUND" })
  }
})
