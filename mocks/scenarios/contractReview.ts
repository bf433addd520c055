/** A review of the agreement in `examples/contract.pdf`, which is invented, as are its parties and figures. */
import type { ScenarioReply } from "./Scenario.ts"

const termination = `The agreement runs for 36 months from 1 April 2026 and renews itself for 12 months at a time, unless a party gives notice 90 days before the end. Before that the customer can leave for convenience only at the end of month 18, with 120 days' notice and a payment of four monthly fees, which is 72,000 euros. Either party may end it at once for a material breach that is not cured within 30 days of a written notice. On termination the provider hands over the customer's data within 20 days and deletes it within 60 days. There is no right to leave where the service stays below its promised availability; credits are the only remedy.`

const liability = `The customer bears more of the risk than the provider does. Each party's liability in a contract year is limited to the fees paid in that year, 216,000 euros at the agreed price. The limit does not apply to the customer's duty to pay, to confidentiality, or to gross negligence and intent. The provider is not liable for decisions that the customer makes on the basis of forecasts, which is what the service is bought for. The customer alone indemnifies: against claims of third parties that arise from its data. Nothing is said of claims that the provider's software infringes rights of others.`

const fees = `The customer pays 18,000 euros a month, in advance, within 30 days of the invoice. The provider may raise the fee once in each year of the term, by no more than 8 per cent, with 60 days' notice. Late amounts bear interest of 1 per cent a month. After 45 days the provider may suspend the service. If every rise is used, the third year costs about 17 per cent more than the first.`

const data = `The customer's data stays the customer's and is kept in the European Union. The provider may use it in aggregated form to improve its models, also after the end of the agreement. New sub-processors may be objected to within 14 days, but what follows an objection is not said. A breach of security is reported within 72 hours of becoming aware of it. How aggregated data is kept from pointing to the customer is left open.`

const disputes = `The agreement is governed by the laws of Ireland. Disputes are settled by arbitration in Dublin, in English, by one arbitrator. Changes need the signature of both parties, and an exchange of e-mail is not enough. The provider may assign the agreement to a company of its group, while the customer needs consent. No step before arbitration, such as a talk between managers, is foreseen.`

const opening = `# Verdict: sign, once three clauses are changed (an invented agreement, simulated)

**In short: the price is clear and the service is usable, but the risk lies on one side** [fees, liability].`

const leaving = `## Leaving: possible, late and dear

{1} {2} {5} Ask for a way out where availability is missed three months in a row.`

const risk = `## Risk: carried by the customer

{1} {2} {5} {6} An indemnity of the provider for infringement is the first change to ask for.`

const price = `## Price: predictable, and rising

{1} {2} {4} Tie the rise to an index, and have the fee of the last year written into the agreement.`

const use = `## Data: one sentence too many

{1} {2} {5} The use after the end of the agreement should go, or be limited to figures of many customers.`

const court = `## Disputes: workable

{1} {2} {4} Assignment should need consent on both sides, or on neither.`

const closing = `## What to change before signing

1. **Clause 4:** an indemnity of the provider for infringement, and a limit of twice the yearly fees [liability].
2. **Clause 5.1:** no use of data after the end of the agreement [data].
3. **Clause 3.2:** leaving from month 12 on, and without payment where availability is missed [termination].

With these three the agreement is fair [liability, data, termination]. Without the first, do not sign [liability].`

export const contractReview: ReadonlyArray<ScenarioReply> = [
  { when: { part: "ask", user: "/how and when can the customer end the agreement/is" }, reply: termination },
  { when: { part: "ask", user: "/who bears the risk\\? which limits/is" }, reply: liability },
  { when: { part: "ask", user: "/what does the customer pay/is" }, reply: fees },
  { when: { part: "ask", user: "/what may the provider do with the customer's data/is" }, reply: data },
  { when: { part: "ask", user: "/which law governs the agreement/is" }, reply: disputes },
  {
    when: { part: "synthesis", user: "/should we sign this service agreement/is" },
    reply: {
      $fold: {
        opening,
        sections: { termination: leaving, liability: risk, fees: price, data: use, disputes: court },
        closing
      }
    }
  }
]
