/** A market study of heat pumps in the EU: simulated, every figure is illustrative. */
import type { Scenario, ScenarioReply } from "./Scenario.ts"

const market = `The EU market for heat pumps is worth about 14 billion euros a year at the level of makers (illustrative figure). Some 2.2 million units are sold a year (illustrative), two thirds of them air-to-air or air-to-water machines for houses. After a record year and two weak ones, sales grow again by about 8 per cent a year (illustrative), carried by Germany, Poland and the Netherlands. Growth follows the price of electricity against gas more closely than any subsidy: where a kilowatt-hour of electricity costs less than two and a half times one of gas (illustrative), orders recover within two quarters. Replacement of old boilers makes up most demand, while new buildings stagnate. Commercial and district machines are the smaller part, yet they grow twice as fast (illustrative) and are bought on the cost of their whole life. The forecast is only as steady as national policy: a single change of the German grant moved the market by a tenth (illustrative).`

const rivals = `Five makers hold a little over half of a European market of some 3 million machines a year (illustrative figures). Daikin leads with about 15 per cent (illustrative) and owns its whole chain, from compressors in its own plants to a dense network of installers. Bosch, with the heating business that it has added, comes second at 12 per cent (illustrative) and wins with installers who already service its boilers. Vaillant holds 10 per cent (illustrative) and is the name that German and British house owners ask for. NIBE, at 9 per cent (illustrative), is strongest in the north, in ground-source machines and in efficiency at low temperature. Viessmann, now part of Carrier, holds 8 per cent (illustrative) and sells a whole energy system: pump, battery, solar roof and software. Panasonic, Mitsubishi Electric and the Chinese makers follow, and compete on price. What sets the five apart is seldom the machine: it is access to trained installers, who recommend what they know.`

const rules = `Four sets of EU rules change before 2028, and together they favour those who prepare early. The F-gas regulation cuts quotas step by step and bans most small split systems with strong greenhouse gases from 2027 (illustrative date), so new machines need propane or carbon dioxide. The revised buildings directive must be in national law in the course of 2026 (illustrative date); it ends subsidies for boilers that burn fossil fuel only. New ecodesign and energy-label rules raise the minimum efficiency by about a tenth (illustrative) and ask for spare parts during ten years (illustrative). A second carbon price, on fuel for buildings, starts in 2027 or 2028 (illustrative) and makes gas dearer by roughly one cent a kilowatt-hour (illustrative). Machines with propane need new safety training, which too few installers have today. National grants add a layer of their own: several now ask for a share of European parts.`

const opening = `# Should we enter the EU heat-pump market?

**In short: yes, in steps, and through installers.** The study weighs {names} [market, rivals, rules]. It is simulated, and every figure in it is illustrative [market, rivals, rules].`

const size = `## The market: large, growing, and moved by policy

{1} {3} {4} That last point is the lever to watch: we should enter where electricity is cheap, rather than where grants are high.

{6} It is also the part in which a newcomer is judged on arithmetic and not on name. {7}`

const makers = `## The rivals: strong where it is hardest to follow

{1} {2} {3} {5}

{8} A newcomer therefore meets a wall of habit before it meets one of technology. Price alone will not climb it, as others already sell for less.`

const law = `## The rules: a door that opens for a while

{1} {2} {5}

{6} Whoever trains installers for the new refrigerant wins their recommendation with it; this is the one advantage that is still to be had.`

const settled = `## One open question: how many machines are sold

The market is put at 2.2 million units a year [market], the rivals at 3 million machines [rivals]. The lower figure leaves out machines that only cool air, as far as the answers show, so this study counts with it; the difference stays open until both are asked of one source [market, rivals].`

const closing = `## Verdict

**Enter, but in three steps.** First, a commercial machine with natural refrigerant in two countries, sold on its cost over a whole life [market, rules]. Second, a school for installers in each, open to all brands [rivals, rules]. Third, the house market, once a thousand trained hands know us [rivals]. Stop after the first step if fewer than thirty projects are signed within a year (an illustrative threshold) [market].

**What could prove this wrong:** a fall in the price of gas, a grant that is cut at short notice, or a large rival that gives its training away [market, rivals].`

/** Rivals and market count machines in two ways. */
export const marketContradictions: NonNullable<Scenario["contradictions"]> = [
  {
    subject: "machines sold a year",
    statements: { market: "Some 2.2 million units are sold a year", rivals: "some 3 million machines a year" }
  }
]

export const marketStudy: ReadonlyArray<ScenarioReply> = [
  { when: { part: "ask", user: "/how large.*heat[- ]pump/is" }, reply: market },
  { when: { part: "ask", user: "/five largest makers|makers of heat[- ]pumps/is" }, reply: rivals },
  { when: { part: "ask", user: "/rules for heat[- ]pumps/is" }, reply: rules },
  {
    when: { part: "synthesis", user: "/should we enter/is" },
    reply: { $fold: { opening, sections: { market: size, rivals: makers, rules: law }, settled, closing } }
  }
]
