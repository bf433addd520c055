/** Answers for a travel guide to Lisbon: three asks, and the synthesis. */
import type { ScenarioReply } from "./Scenario.ts"

const attractions = `Five places earn their time on a first visit. The Jerónimos Monastery in Belém is the finest building in the city: its cloister, carved like lace, was paid for by the spice trade and outlived the earthquake of 1755. The Tower of Belém and the Monument to the Discoveries stand ten minutes away along the river, so that the three make one morning. Alfama, the old Moorish quarter, kept its alleys when the rest of Lisbon fell, and the viewpoints at Santa Luzia and Portas do Sol look straight over its roofs. São Jorge Castle above it has the widest view of all, best in the last hour before sunset. The National Tile Museum, in a former convent, explains the blue walls that you will meet on every street. Whoever has half a day to spare takes the train to Sintra, for its palaces in the hills. Most museums close on Mondays, and the queue at the monastery is shortest when the doors open.`

const transportation = `Central Lisbon is small but steep, so plan to walk downhill and to ride up. The metro has four lines, reaches the airport, and runs from half past six in the morning until one at night. Trams climb where the metro cannot: line 28 is famous and crowded, and line 12 crosses the same hill with seats to spare. A rechargeable Navegante card costs 50 cents at any metro station; a single ride is then just under 2 euros, and a day on metro, buses, trams and funiculars about 7 euros. Cash paid to a driver costs clearly more. Trains leave for Sintra from Rossio and for Cascais from Cais do Sodré, at about 2.50 euros each way. From the airport the metro takes some 25 minutes to the centre; a taxi or an app costs between 10 and 20 euros. A car is a burden here, as streets are narrow and parking is dear. Fares rise a little every year, so check them before you leave.`

const culture = `Lisbon eats late and takes its time. Lunch begins at one, dinner seldom before eight, and a greeting of bom dia or boa tarde comes before any request. Bread, olives and cheese that appear unasked are not a gift: send them back if you do not want to pay for them. Eat grilled sardines in summer, salt cod in any of its many forms all year, and a warm pastel de nata with cinnamon at the counter, standing, like everyone else. Ginjinha, a sour-cherry liqueur, is drunk from thimble glasses near Rossio square. Fado is the city's own music, sung to two guitars in the small houses of Alfama and Mouraria; while it is sung nobody talks and nobody serves. Round up the bill or leave five to ten per cent where the service was good. In the middle of June the whole town dances for Saint Anthony, with paper garlands and smoke from the grills in every alley.`

const opening = `# Lisbon in three days

Lisbon rewards those who slow down [culture]. It is a city of hills, river light and tiled walls, small enough to cross on foot and steep enough to make you glad of a tram [attractions, transportation]. This guide keeps to what a first visit can hold: one quarter for each day, a plan for getting around, and the few customs that turn a visitor into a guest [attractions, transportation, culture].`

const sights = `## What to see, day by day

**Day one: Belém.** {2} {3} Have lunch in the gardens by the water.

**Day two: the old town.** {4} {5} Climb in the afternoon, when the day trippers have gone, and stay for dinner below.

**Day three: tiles, or the hills.** {6} {7}`

const moving = `## Getting around

{1} {2} {3}

**What it costs.** {4}

**Out of town and back.** {6} {7}`

const customs = `## Eating, listening, behaving well

{2} {3}

**On the table.** {4} {5}

**In the evening.** {6} {7}`

const closing = `## Before you go

Plan to walk downhill and to ride up [transportation]. Keep the mornings for whatever has a queue [attractions], and the evenings for a viewpoint or for fado [attractions, culture]. Check the fares before you leave, as they rise a little every year [transportation].

*A simulated guide.*`

export const lisbon: ReadonlyArray<ScenarioReply> = [
  { when: { part: "ask", user: "/^(?=.*lisbon)(?=.*(attraction|sights))/is" }, reply: attractions },
  { when: { part: "ask", user: "/^(?=.*lisbon)(?=.*(get around|transport))/is" }, reply: transportation },
  { when: { part: "ask", user: "/^(?=.*lisbon)(?=.*(customs|culture))/is" }, reply: culture },
  {
    when: { part: "synthesis", user: "/^(?=.*lisbon)(?=.*guide)/is" },
    reply: { $fold: { opening, sections: { attractions: sights, transportation: moving, culture: customs }, closing } }
  }
]
