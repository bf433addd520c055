/**
 * What does fanfold itself cost per ask, compared with other ways to ask many questions at once, and how does the cost grow?
 * Does a call through fanfold cost more than a call of the SDK alone?
 */
import * as Asks from "./overhead/Asks.ts"
import * as Sdk from "./overhead/Sdk.ts"
import * as Results from "./harness/Results.ts"

const seed = 1
const rounds = Results.isQuick ? 1 : 3

const asks = await Asks.run(rounds, seed)
const sdk = await Sdk.run(rounds, seed)

await Results.report({
  name: "overhead",
  seed,
  simulated: "Claude is simulated and takes no time; fanfold is real, in the last table the SDK too; no sockets",
  rows: Asks.rowsOf(asks),
  further: {
    "Minimum, maximum and number of runs": Asks.spreadsOf(asks),
    "Bytes of heap per waiting ask": Asks.waitingRowsOf(asks),
    "Over an injected fetch, compared with the SDK alone": Sdk.rowsOf(sdk)
  },
  notes: [
    "Median microseconds per ask, by number of asks. Claude answers `at once`, synchronously, or `later`, each answer in a " +
      "macrotask of its own, so that all asks are in flight.",
    `Exponent: of the growth of a run's time with its number of asks, from ${Asks.minJudgedSize} asks (target <= ${Asks.maxExponent}); ` +
      "the targets are for the same sizes. The times of fanfold include creating the asks.",
    `Each contender ran in ${rounds} fresh process${rounds === 1 ? "" : "es"}. The SDK's burst is Promise.all over messages.create, ` +
      "its streamed reply messages.stream().finalMessage(); fanfold is Stack.layer with pacing.inFlight equal to the number of asks."
  ],
  samples: { ...Asks.samplesOf(asks), ...Sdk.samplesOf(sdk) },
  plot: Asks.plotOf(asks)
})
