/**
 * Starts to load the transport and the SDK when the package is imported, so that they load while the importing program starts.
 * A failure is ignored here, as the first `Claude` that is made imports them again and fails with it.
 */
void Promise.allSettled([import("../transport/Transport.ts"), import("./sdk/Sdk.ts")])
