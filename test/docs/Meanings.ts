/** What keys set whose schema has no `description` yet; once it has one, the key must go from here (a test says so). */
import { Ask, Claude, Synthesis } from "fanfold"

const count = (n: number): string => n.toLocaleString("en-US")

export const meanings: Readonly<Record<string, string>> = {
  "plan.$schema": "Where an editor finds the JSON Schema of plans; fanfold itself ignores it",
  "plan.asks": "The asks: by name, a question, or a mapping with `question` and the keys of an ask",
  "plan.synthesis":
    "How the answers become one document: an instruction, or a mapping with `instruction` and the keys of an ask (default: the document lists the answers)",

  "ask.model": `Model of this call; of a list, the next where one is overloaded or missing, or refuses (default: ${Claude.askModel}, for a synthesis ${Claude.synthesisModel})`,
  "ask.system": "System prompt of this call",
  "ask.maxTokens": `Most output tokens (default: ${count(Ask.maxTokens)}, for a synthesis ${count(Synthesis.maxTokens)})`,
  "ask.effort": "How much work the model puts into the answer (default: the API's own)",
  "ask.stopSequences": "Texts at which the answer ends (default: none)",
  "ask.files": "Files that are sent before the question, after what all asks share; not for a synthesis",
  "ask.webSearch.maxUses": "Most searches (default: 5)",
  "ask.webSearch.allowedDomains": "Where alone it may search, such as `example.com` or `example.com/news`",
  "ask.webSearch.blockedDomains": "Where it may not search; excludes `allowedDomains`",
  "ask.webSearch.userLocation.city": "A city",
  "ask.webSearch.userLocation.region": "A region",
  "ask.webSearch.userLocation.country": "A country as two letters, such as `PT`",
  "ask.webSearch.userLocation.timezone": "A time zone, such as `Europe/Lisbon`",
  "ask.tools.webFetch.maxUses": "Most pages it may fetch (default: 3)",
  "ask.tools.webFetch.maxContentTokens":
    "Most tokens of a page, but for a PDF, which the API brings whole (default: 10,000)",
  "ask.tools.webFetch.allowedDomains": "Where alone it may fetch from",
  "ask.tools.webFetch.blockedDomains": "Where it may not fetch from; excludes `allowedDomains`",
  "ask.tools.webFetch.citations":
    "Whether the answer cites the pages by the API's own citations; not with an `answer` (default: false)",
  "ask.tools.codeExecution": "Whether it may run code in a container of the API (default: false)",
  "ask.timeout": "Time for this call with all its tries (default: that of `retry.within`)",

  "price.inputUsd":
    "US dollars for a million input tokens; a cache write costs 1.25 times as much, one for an hour twice",
  "price.outputUsd": "US dollars for a million output tokens",
  "price.cacheReadUsd": "US dollars for a million input tokens read from the prompt cache",

  "scenario.seed":
    "Seed of every random draw: the same seed and requests give the same texts, times and faults (default: 1)",
  "scenario.timeScale": "Real seconds per simulated second: with 0.05, twenty simulated seconds take one (default: 1)",
  "scenario.latency": "How long replies take (default: no time)",
  "scenario.unmatched":
    "What a request gets that no reply matches: simulated text, or a 400 that names it (default: simulate)",
  "scenario.files": "Ids of files that were uploaded; a request that names another one gets a 404 (default: none)",
  "scenario.limits.rpm": "Requests a minute; a request above it gets a 429 with `retry-after` (default: not enforced)",
  "scenario.limits.itpm": "Input tokens a minute (default: not enforced)",
  "scenario.limits.otpm": "Output tokens a minute (default: not enforced)",
  "scenario.limits.burstSeconds":
    "Seconds' worth of a limit that may be used at once; 1 enforces it by the second (default: 60)",
  "scenario.limits.acceleration.factor":
    "Rejects requests beyond this many times those of the 10 seconds before (default: off)",
  "scenario.limits.acceleration.floor": "Requests in 10 seconds below which `factor` does not apply",
  "scenario.batches.processingMillis":
    "Each request of a batch is done at a random time within this, in simulated milliseconds (default: 60,000)",
  "scenario.batches.expiresMillis": "Requests that are not done by then expire (default: 24 hours)",
  "scenario.batches.listedMillis": "The list of batches has a new one from then on (default: at once)",
  "scenario.batches.archivedMillis": "Results are gone from then on (default: 29 days)",
  "scenario.faults": "Faults, tried in order; the first that applies to a request happens",
  "scenario.faults[].fault": "What happens: one of the kinds below",
  "scenario.faults[].operation":
    "Only for this operation of the API, or for single requests of a batch, where `status` makes them errored and `hang` never ends them (default: all operations)",
  "scenario.faults[].when.user": "Only where the last user turn matches",
  "scenario.faults[].when.system": "Only where the system prompt matches",
  "scenario.faults[].when.model": "Only where the model's name matches",
  "scenario.faults[].when.part": "Only for an ask, or only for a synthesis",
  "scenario.faults[].when.nth": "Only for the nth request that matches the rest, from 1",
  "scenario.faults[].times": "For so many matching requests, as they arrive (default: all)",
  "scenario.faults[].attempts": "For the first so many attempts of every matching request (default: all)",
  "scenario.faults[].probability": "Share of the matching requests, from 0 to 1 (default: 1)",
  "scenario.faults[].betweenSeconds":
    "Only between these simulated seconds since the start of the mock (default: always)",
  "scenario.contradictions": "What the mock finds where it is asked to compare findings (default: nothing)",
  "scenario.contradictions[].subject": "In what findings contradict each other; named where all of them are compared",
  "scenario.contradictions[].statements": "By the name of a finding, a passage that stands in its answer word for word",
  "scenario.replies": "Written replies, tried in order; the first that matches answers",
  "scenario.replies[].when.user": "Only where the last user turn matches",
  "scenario.replies[].when.system": "Only where the system prompt matches",
  "scenario.replies[].when.model": "Only where the model's name matches",
  "scenario.replies[].when.part": "Only for an ask, or only for a synthesis",
  "scenario.replies[].when.nth": "Only for the nth request that matches the rest, from 1",
  "scenario.replies[].reply":
    "The answer; keys with `$` are directives: `$text`, `$thinking`, `$tool`, `$content`, `$refusal`, `$stop`, `$fold`",

  "fault.status": "An error response of the API",
  "fault.refuse": "The connection is refused",
  "fault.reset": "The connection is reset before any header",
  "fault.hang": "No header ever arrives",
  "fault.lost":
    "The request is carried out and billed, but its reply is lost: a reset, or an error with `status`, `millis` after its arrival",
  "fault.cut": "The body ends early: with a reset, or as if it were complete",
  "fault.errorEvent": "A stream that began with 200 sends an `error` event; a plain reply becomes a 529",
  "fault.stall": "The body stops for `millis`, or for good",
  "fault.drip": "Each piece of the body takes `everyMillis`",
  "fault.html": "An HTML page of a proxy, with status 200",
  "fault.brokenJson": "JSON that does not parse, with status 200",
  "fault.contentLength": "`content-length` announces more than the body has",
  "fault.duplicateStart": "`message_start` arrives twice",
  "fault.unknownEvent": "An event of an unknown type arrives"
}

const pattern = "part of the text in any case, or `/regular expression/flags`"

/** What keys take, where the schema's own words are not enough for a reader. */
export const values: Readonly<Record<string, string>> = {
  "plan.asks": "a mapping of at least one ask",
  "plan.synthesis": "text, or a mapping",
  "plan.hedge.after": "`p95`, or a time",
  "plan.prices": "a mapping from model to prices",
  "ask.files": "a path, or { file: path, title, citations }, or a list of them",
  "ask.stopSequences": "a list of texts",
  "scenario.latency":
    "a profile (`none`, `byModel`, `haiku45`, `sonnet4`, `sonnet45`, `haiku55`, `sonnet55`, `opus55`), milliseconds, `{ uniform: [from, to] }` or `{ lognormal: { firstTokenMillis, sigma, perTokenMillis } }`",
  "scenario.faults[].when.user": pattern,
  "scenario.faults[].when.system": pattern,
  "scenario.faults[].when.model": pattern,
  "scenario.faults[].betweenSeconds": "`[from, to]`",
  "scenario.faults[].fault": "a mapping with `kind`",
  "scenario.replies[].when.user": pattern,
  "scenario.replies[].when.system": pattern,
  "scenario.replies[].when.model": pattern,
  "scenario.replies[].reply": "text, or a mapping"
}
