import autocannon from 'autocannon'

export interface LoadSpec {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  /** A body, or what makes the next one. */
  body?: string | (() => string)
  /** What every answer has to contain. */
  expect: RegExp
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
  /** Milliseconds. */
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
  const { body } = spec
  const request: autocannon.Request = {
    method: spec.method ?? 'GET',
    headers: spec.headers ?? {},
    ...(typeof body === 'string' ? { body } : {}),
    onResponse(status, answer) {
      if (status >= 200 && status <= 299 && spec.expect.test(answer)) {
        requests++
        spec.onAnswer?.(answer)
        return
      }
      failures++
      firstFailure ??= `${status} ${answer.slice(0, 300)}`
    },
    ...(typeof body === 'function' ? { setupRequest: (next) => ({ ...next, body: body() }) } : {}),
  }
  const result = await autocannon({
    url: spec.url,
    connections: options.connections,
    duration: options.seconds,
    timeout: 10,
    sampleInt: 100,
    requests: [request],
    ...(options.rate ? { overallRate: options.rate } : {}),
  })
  failures += result.errors
  if (result.errors > 0) firstFailure ??= `${result.errors} connections failed (${result.timeouts} time-outs)`
  return { requests, perSecond: requests / result.duration, p99: result.latency.p99, failures, firstFailure }
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN]
  return (low + high) / 2
}
