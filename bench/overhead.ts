/**
 * What does fanfold itself cost for each ask, beside other ways to ask many questions at once, and how does that grow?
 * And does a call through it cost more than one of the SDK that it calls?
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
  simulated: "Claude is simulated and takes no time; above it all is real, in the last table the SDK too; no socket",
  rows: Asks.rowsOf(asks),
  further: {
    "Least, most and number of runs": Asks.spreadsOf(asks),
    "Bytes of heap for each ask that waits": Asks.waitingRowsOf(asks),
    "Over an injected fetch, beside the SDK alone": Sdk.rowsOf(sdk)
  },
  notes: [
    "Microseconds an ask, median, by number of asks. Claude answers at once, so that nothing waits, or later: in a macrotask " +
      "of its own, so that all is in flight.",
    `The exponent is that of a run's time over its number of asks, from ${Asks.smallestJudged} asks (target <= ${Asks.mostExponent}); ` +
      "so are the targets. fanfold's asks are made within the run.",
    `Each contender ran in ${rounds} fresh process${rounds === 1 ? "" : "es"}. The SDK's burst is Promise.all over messages.create, ` +
      "its streamed reply messages.stream().finalMessage(); fanfold is Stack.layer with as many places as asks."
  ],
  samples: { ...Asks.samplesOf(asks), ...Sdk.samplesOf(sdk) },
  plot: Asks.plotOf(asks)
})
