import autocannon from 'autocannon'

export interface LoadSpec {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  /** A body, or what makes the next one. */
  body?: string | (() => string)
  /** What every answer has to contain; where it is a redirect, its address. */
  expect: RegExp
  /** The status of an answer that is as expected. Default: any 2xx. */
  status?: number
  /** As many requests as that and no more, for what can be sent once only. */
  amount?: number
  /** Reads an answer that was as expected. */
  onAnswer?: (body: string) => void
}

export interface LoadOptions {
  seconds: number
  connections: number
  /** Requests a second in all; without it, as many as the server answers. */
  rate?: number
}

export interface Load {
  requests: number
  perSecond: number
  /** Milliseconds, of the answers that were as expected. */
  p50: number
  p99: number
  /** Answers that were not 2xx or not as expected, failed connections, time-outs. */
  failures: number
  /** The first wrong answer, to print. */
  firstFailure: string | undefined
}

/** Sends the same kind of request on several connections and looks at every answer. */
export async function load(spec: LoadSpec, options: LoadOptions): Promise<Load> {
  let requests = 0
  let failures = 0
  let firstFailure: string | undefined
  const times: number[] = []
  const { body } = spec
  const right = (status: number) =>
    spec.status === undefined ? status >= 200 && status <= 299 : status === spec.status
  const request: autocannon.Request = {
    method: spec.method ?? 'GET',
    headers: spec.headers ?? {},
    ...(typeof body === 'string' ? { body } : {}),
    onResponse(status, answer, _context, headers) {
      const redirect = status >= 300 && status <= 399
      const text = redirect ? locationOf(headers) : answer
      if (right(status) && spec.expect.test(text)) {
        requests++
        spec.onAnswer?.(text)
        return
      }
      failures++
      firstFailure ??= `${status} ${text.slice(0, 300)}`
    },
    ...(typeof body === 'function' ? { setupRequest: (next) => ({ ...next, body: body() }) } : {}),
  }
  const result = await new Promise<autocannon.Result>((settle, fail) => {
    const running = autocannon(
      {
        url: spec.url,
        connections: options.connections,
        ...(spec.amount ? { amount: spec.amount } : { duration: options.seconds }),
        timeout: 10,
        sampleInt: 100,
        requests: [request],
        ...(options.rate ? { overallRate: options.rate } : {}),
      },
      (error, done) => (error ? fail(error) : settle(done)),
    )
    // Its own histogram counts whole milliseconds; most answers take less than one.
    running.on('response', (_client, status, _bytes, milliseconds) => {
      if (right(status)) times.push(milliseconds)
    })
  })
  failures += result.errors
  if (result.errors > 0) firstFailure ??= `${result.errors} connections failed (${result.timeouts} time-outs)`
  times.sort((a, b) => a - b)
  return {
    requests,
    perSecond: requests / result.duration,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    failures,
    firstFailure,
  }
}

/** Header names come as the server wrote them. */
function locationOf(headers: object = {}): string {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'location')
  return String(found?.[1] ?? '')
}

/** The value below which `share` of the sorted values are (nearest rank); NaN of none. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN

/** Of these, the value in the middle, and those with a quarter below and a quarter above. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: median(sorted), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

export interface Quartiles {
  low: number
  median: number
  high: number
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN]
  return (low + high) / 2
}
