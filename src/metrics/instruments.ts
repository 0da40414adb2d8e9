import type * as Client from '@prometheus-io/client'

/** Seconds: from what a token in memory takes to what a proxy gives up after. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const WAIT_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * Everything that is counted, in one registry. Each label has few values: routes are patterns, and no client, person or
 * address is among them. What each is for says its help text, below.
 */
export interface Instruments {
  // Told when it happens.
  requests: Client.Counter<'method' | 'route' | 'status'>
  /** Seconds. */
  duration: Client.Histogram<'method' | 'route'>
  tokens: Client.Counter<'grant'>
  rejections: Client.Counter<'endpoint' | 'error'>
  signIns: Client.Counter<'way'>
  signInFailures: Client.Counter<'reason'>
  events: Client.Counter<'event'>
  mails: Client.Counter<'result'>
  deliveries: Client.Counter<'kind' | 'result'>
  /** Seconds. */
  hashWait: Client.Histogram
  /** Seconds. */
  databaseWait: Client.Histogram
  // Asked at each reading.
  info: Client.Gauge<'version' | 'node' | 'database'>
  databaseUp: Client.Gauge
  hashes: Client.Gauge<'state'>
  pool: Client.Gauge<'state'>
  mailQueue: Client.Gauge<'state'>
  deliveryQueue: Client.Gauge<'kind' | 'state'>
  /** Seconds. */
  choreAge: Client.Gauge<'chore'>
  /** Seconds. */
  choreInterval: Client.Gauge<'chore'>
  choreFailures: Client.Counter<'chore'>
  /** Seconds. */
  keyAge: Client.Gauge<'alg' | 'state'>
}

export function createInstruments(client: typeof Client, registry: Client.Registry): Instruments {
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new client.Counter({ name, help, labelNames, registers })
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new client.Gauge({ name, help, labelNames, registers })
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ) => new client.Histogram({ name, help, buckets, labelNames, registers })

  return {
    // Told when it happens.
    requests: counter('latchkey_http_requests_total', 'Requests answered', 'method', 'route', 'status'),
    duration: histogram(
      'latchkey_http_request_duration_seconds',
      'Time from a request to the last byte of its answer',
      REQUEST_BUCKETS,
      'method',
      'route',
    ),
    tokens: counter('latchkey_tokens_issued_total', 'Token responses, by grant', 'grant'),
    rejections: counter('latchkey_refusals_total', 'Requests that the protocol refused', 'endpoint', 'error'),
    signIns: counter('latchkey_sign_ins_total', 'Sign-ins, by password or the id of a provider', 'way'),
    signInFailures: counter('latchkey_sign_in_failures_total', 'Sign-ins that were refused', 'reason'),
    events: counter('latchkey_events_total', 'Events, by their names in the audit log', 'event'),
    mails: counter('latchkey_mails_total', 'Messages by what became of them', 'result'),
    deliveries: counter(
      'latchkey_deliveries_total',
      'Tries of what is to leave the server, by kind and what became of them',
      'kind',
      'result',
    ),
    hashWait: histogram('latchkey_hash_wait_seconds', 'Time that a password hash waited', WAIT_BUCKETS),
    databaseWait: histogram(
      'latchkey_database_wait_seconds',
      'Time waited for a connection (PostgreSQL) or the end of a transaction (SQLite)',
      WAIT_BUCKETS,
    ),
    // Asked at each reading.
    info: gauge('latchkey_info', 'Always 1; the labels say what runs', 'version', 'node', 'database'),
    databaseUp: gauge('latchkey_database_up', 'Whether the database answered this reading: 1 or 0'),
    hashes: gauge('latchkey_hashes', 'Password hashes running, and waiting for their turn', 'state'),
    pool: gauge('latchkey_database_pool', 'Connections busy and idle, and who waits for one', 'state'),
    mailQueue: gauge('latchkey_mail_queue', 'Messages being sent, and waiting for it', 'state'),
    deliveryQueue: gauge(
      'latchkey_delivery_queue',
      'What is to leave the server: being tried, and waiting in this process',
      'kind',
      'state',
    ),
    choreAge: gauge('latchkey_chore_age_seconds', 'Time since a chore was last done to the end', 'chore'),
    choreInterval: gauge('latchkey_chore_interval_seconds', 'How often a chore is due', 'chore'),
    choreFailures: counter('latchkey_chore_failures_total', 'How often a chore has failed', 'chore'),
    keyAge: gauge(
      'latchkey_signing_key_age_seconds',
      'Age of the oldest signing key of an algorithm in a state',
      'alg',
      'state',
    ),
  }
}
