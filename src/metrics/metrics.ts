// Metrics own: what is counted, under which names and labels, and who may read it. They do not own what they count: each part
// of the server reports to `Observers` in its own words, or is asked when `/metrics` is read (`Sources`).
//
//   request, event, rejection, token, wait, mail ──told──► counters, histograms ─┐
//   queues, pool, jobs, keys ──────────────────asked─► gauges ───────────────┴─► GET /metrics (routes.ts)
//
// The client library is loaded only here, and this file only when METRICS=on. Labels name no client and no person, and a
// label whose values come from requests or providers takes a bounded number of them.
import { createCap } from './cap.ts'
import { createInstruments } from './instruments.ts'
import { readSources, type Sources } from './sources.ts'

/** Told by each part of the server of what happens in it. The caller does not wait, and no method throws. */
export interface Observers {
  event(event: { type: string; reason?: unknown; provider?: unknown; method?: unknown }): void
  /** A request was answered. @param route its pattern; undefined: none fits @param milliseconds until the last byte */
  answered(request: { method: string; route: string | undefined; status: number; milliseconds: number }): void
  /** The protocol rejected a request. @param error the code of RFC 6749 and its kin */
  rejected(endpoint: string, error: string): void
  /** A token response. @param grant its short name */
  issued(grant: string): void
  hashWaited(milliseconds: number): void
  databaseWaited(milliseconds: number): void
  /** A delivery of the queue was tried. */
  delivery(kind: string, result: 'done' | 'again' | 'failed'): void
  mail(result: 'sent' | 'failed' | 'dropped'): void
}

export interface Metrics {
  observers: Observers
  /** Says whom to ask at each reading. */
  ask(sources: Sources): void
  /** Everything, in the text format of Prometheus. */
  read(): Promise<string>
  readonly contentType: string
}

/** What a server of ours answers; another method is counted as “other”. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** How often the load of the event loop is looked at, in milliseconds. */
const UTILIZATION = 1000

export async function openMetrics(): Promise<Metrics> {
  const client = await import('@prometheus-io/client')
  const registry = new client.Registry()
  client.collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: UTILIZATION })
  const count = createInstruments(client, registry)
  const [error, provider, reason, grant] = [createCap(), createCap(), createCap(), createCap()]
  let sources: Sources | undefined
  // From the start: what appears only with its first failure hides that one from a rate.
  for (const result of ['sent', 'failed', 'dropped']) count.mails.inc({ result }, 0)
  count.signIns.inc({ way: 'password' }, 0)

  const wayOf = (event: { provider?: unknown; method?: unknown }): string => {
    if (event.provider !== undefined) return provider(event.provider)
    return event.method === 'passkey' ? 'passkey' : 'password'
  }
  return {
    observers: {
      event(event) {
        count.events.inc({ event: event.type })
        if (event.type === 'account.signed_in') count.signIns.inc({ way: wayOf(event) })
        if (event.type === 'account.sign_in_failed')
          count.signInFailures.inc({ reason: reason(event.reason) })
      },
      answered({ method: sent, route = 'none', status, milliseconds }) {
        const method = METHODS.has(sent) ? sent : 'other'
        count.requests.inc({ method, route, status })
        count.duration.observe({ method, route }, milliseconds / 1000)
      },
      rejected: (endpoint, code) => count.rejections.inc({ endpoint, error: error(code) }),
      issued: (name) => count.tokens.inc({ grant: grant(name) }),
      hashWaited: (milliseconds) => count.hashWait.observe(milliseconds / 1000),
      databaseWaited: (milliseconds) => count.databaseWait.observe(milliseconds / 1000),
      delivery: (kind, result) => count.deliveries.inc({ kind, result }),
      mail: (result) => count.mails.inc({ result }),
    },
    ask(given) {
      sources = given
    },
    async read() {
      if (sources !== undefined) await readSources(sources, count)
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
