import { createServer, type RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { load, median, quantile, quartiles } from '../../bench/load.ts'
import { table } from '../../bench/table.ts'

let stop: (() => void) | undefined
afterEach(() => stop?.())

function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
    })
  })
}

const brief = { seconds: 0.4, connections: 2 }

test('counts the answers that are as expected', async () => {
  const url = await serve((_request, response) => response.end('{"active":true}'))
  const result = await load({ url, expect: /"active":true/ }, brief)
  expect(result.requests).toBeGreaterThan(10)
  expect(result.perSecond).toBeGreaterThan(result.requests)
  expect(result).toMatchObject({ failures: 0, firstFailure: undefined })
})

test('a 200 with the wrong content, and every other status, is a failure', async () => {
  const wrong = await serve((_request, response) => response.end('{"active":false}'))
  const first = await load({ url: wrong, expect: /"active":true/ }, brief)
  expect(first.requests).toBe(0)
  expect(first.failures).toBeGreaterThan(10)
  expect(first.firstFailure).toBe('200 {"active":false}')
  stop?.()
  const failing = await serve((_request, response) => response.writeHead(503).end('{"active":true}'))
  expect(await load({ url: failing, expect: /"active":true/ }, brief)).toMatchObject({ requests: 0 })
})

test('a body can depend on the answer before it, and none is sent twice', async () => {
  const seen: string[] = []
  const url = await serve((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      seen.push(body)
      response.end(`next=${Number(body.split('=')[1]) + 2}`)
    })
  })
  const tokens = ['token=1', 'token=2']
  const body = () => tokens.shift() ?? 'none left'
  const onAnswer = (answer: string) => tokens.push(answer.replace('next', 'token'))
  const result = await load({ url, method: 'POST', body, expect: /next=\d+/, onAnswer }, brief)
  expect(result.failures).toBe(0)
  expect(result.requests).toBeGreaterThan(10)
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).not.toContain('none left')
})

test('an answer can be a redirect, whose address is looked at; no more are sent than there are', async () => {
  let asked = 0
  const url = await serve((_request, response) => {
    asked++
    response.writeHead(303, { location: asked % 2 ? '/callback?code=abc' : '/error' }).end('code=none')
  })
  const locations: string[] = []
  const onAnswer = (location: string) => locations.push(location)
  const result = await load({ url, status: 303, expect: /\?code=/, amount: 20, onAnswer }, brief)
  expect(asked).toBe(20)
  expect(result).toMatchObject({ requests: 10, failures: 10, firstFailure: '303 /error' })
  expect(new Set(locations)).toEqual(new Set(['/callback?code=abc']))
})

test('half and the slowest hundredth of the answers, in fractions of a millisecond', async () => {
  const url = await serve((_request, response) => response.end('{"active":true}'))
  const { p50, p99 } = await load({ url, expect: /"active":true/ }, brief)
  expect(p50).toBeGreaterThan(0)
  expect(p99).toBeGreaterThan(p50)
  expect(Number.isInteger(p50) && Number.isInteger(p99)).toBe(false)
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile([7], 0.99)]).toEqual([50, 99, 7])
  expect(quantile([], 0.5)).toBeNaN()
})

test('the median of an even number of rounds is between the middle two', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('half of the rounds are between the quartiles, by nearest rank', () => {
  expect(quartiles([8, 1, 7, 2, 6, 3, 5, 4])).toEqual({ low: 2, median: 4.5, high: 6 })
  expect(quartiles([3])).toEqual({ low: 3, median: 3, high: 3 })
})

test('the table shows ratios, and a dash for what was not measured', () => {
  const text = table(
    [
      {
        name: 'tokens',
        unit: 'req/s',
        baseline: 2000,
        values: { SQLite: 1500 },
        times: { SQLite: { low: 0.61, median: 0.667, high: 0.7 } },
        cpu: { bare: 200, SQLite: 300 },
        p50: { bare: 0.51, SQLite: 0.84 },
        p99: { bare: 2, SQLite: 3.25 },
      },
      { name: 'storm', unit: 'ms', baseline: undefined, values: { SQLite: 5 }, against: 'calm' },
    ],
    ['SQLite'],
  )
  const [head, tokens, storm] = text.split('\n')
  expect(head).toMatch(/unit +baseline +SQLite +ratio/)
  expect(tokens).toMatch(
    /^tokens +req\/s +2,000 +1,500 +× 0\.75 +200 → 300 \(× 1\.50\) +0\.67 \(0\.61–0\.70\) +0\.5 \| 2\.0 → 0\.8 \| 3\.3 +bare oidc-provider$/,
  )
  expect(storm).toMatch(/^storm +ms +– +5\.0 +– +calm$/)
})
