/** A technical evaluation of three job queues: simulated, every figure is illustrative. */
import type { ScenarioReply } from "./Scenario.ts"

const postgres = `PostgreSQL fits well as a job queue up to a few thousand jobs a second (illustrative limit), so 1,000 leaves room. Workers take jobs with SELECT … FOR UPDATE SKIP LOCKED, which lets hundreds of them share one table without waiting for each other. Its great advantage is that a job is written in the same transaction as the data it belongs to, so that neither can be lost without the other. On a machine with 8 cores, 1,000 jobs a second cost about a third of the processor (illustrative), if workers fetch in batches of 20 to 50. The weak point is vacuum: every finished job leaves a dead row, and a long transaction elsewhere lets them pile up until fetching slows down. Partitions by day, dropped when done, avoid most of it. LISTEN and NOTIFY keep the delay under 10 milliseconds (illustrative). Nothing new has to be operated, backed up or learned where PostgreSQL already runs.`

const redis = `Redis Streams carry 1,000 jobs a second without effort: one node handles some 100,000 small entries (illustrative). Consumer groups hand each job to one worker, and XAUTOCLAIM gives the jobs of a dead worker to another. The delay is the lowest of the usual choices, about one millisecond (illustrative). The price is durability: with the append-only file synced every second, a crash loses up to a second of jobs, about 1,000 of them here (illustrative). Syncing on every write closes that hole and costs most of the speed. Replication is asynchronous, so a failover can lose what was acknowledged. Delayed jobs, priorities and a dead-letter list have to be built by hand, or come with a library. Memory bounds the backlog: an hour's standstill means 3.6 million jobs, about 4 gigabytes (illustrative). It suits work that can be created again, such as thumbnails, mails to be rebuilt and cache fills.`

const kafka = `Kafka would hardly notice 1,000 jobs a second; its clusters are built for a hundred times that (illustrative). What it keeps is a log and not a queue, and the difference shows with jobs. A partition is read by one worker of a group, so the number of partitions caps the workers, and one slow job holds up all that follow it in its partition. Single jobs cannot be acknowledged out of order without extra bookkeeping; share groups lift this limit in recent versions, though few client libraries support them well so far. Retries and delays need topics of their own. In return nothing is lost with three replicas, a week of history can be replayed (illustrative), and several teams can read the same stream. Three brokers, monitoring and upgrades take about a fifth of one engineer (illustrative) for a small team. It pays when the jobs are events that others want as well.`

const opening = `# One queue for a team of five

**Recommendation: begin with the database you already run.** This compares {names} [postgres, redis, kafka]. It is simulated, and every figure in it is illustrative [postgres, redis, kafka].`

const database = `## PostgreSQL: enough, and nothing new to run

{1} {3} For five people this outweighs raw speed: an error in the middle of a job is a rollback, not an investigation.

{5} {6} Whoever adopts it should alert on the age of the oldest transaction from the first day.`

const memory = `## Redis Streams: fast, if a job may be lost

{1} {3}

{4} {6} That is fine for work that can be made again, and wrong for payments. Keep it in mind as a second queue, beside the first.`

const log = `## Kafka: a log for many readers

{1} {2} {3}

{6} {7} A team of five would spend on brokers what it should spend on its product.`

const closing = `## Decision, and what could go wrong

Put jobs in a table next to the data, fetch them in batches, and measure the delay from the first week [postgres]. Three risks remain. **Dead rows:** partition by day [postgres]. **Growth:** past a few thousand jobs a second (illustrative), move the hottest kind of job to a stream and leave the rest [redis, kafka]. **Coupling:** a slow report in the same database slows the jobs too, so give the queue its own pool of connections [postgres].

Look at the choice again when a second team wants to read the same events: that is the moment at which a log begins to pay [kafka].`

export const queues: ReadonlyArray<ScenarioReply> = [
  { when: { part: "ask", user: "/^(?=.*postgres)(?=.*queue)/is" }, reply: postgres },
  { when: { part: "ask", user: "/^(?=.*redis)(?=.*queue)/is" }, reply: redis },
  { when: { part: "ask", user: "/^(?=.*kafka)(?=.*queue)/is" }, reply: kafka },
  {
    when: { part: "synthesis", user: "/recommend one queue/is" },
    reply: { $fold: { opening, sections: { postgres: database, redis: memory, kafka: log }, closing } }
  }
]
