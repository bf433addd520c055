/** The class of models that share one set of rate limits. */

/** Names a model's class: family and major version, such as `haiku-5`; for an unknown model, its own name. */
export const modelClassOf = (model: string): string => {
  const family = /haiku|sonnet|opus|fable|mythos/.exec(model)?.[0]
  const major = /\d+/.exec(model)?.[0]
  return family === undefined || major === undefined ? model : `${family}-${major}`
}
