import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => parse(block ?? ''))

/** Metrics by name with the names of their labels, of a server that has seen one of everything. */
const existing = new Map<string, Set<string>>()
let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey({ engine: 'postgresql', env: { METRICS: 'on' } })
  const { observers } = latchkey.services
  observers?.event({ type: 'account.signed_in' })
  observers?.event({ type: 'account.sign_in_failed', reason: 'wrong' })
  observers?.issued('refresh_token')
  observers?.rejected('token', 'invalid_client')
  observers?.mail('sent')
  observers?.delivery('mail', 'done')
  await fetch(`${latchkey.issuer}/metrics`)
  const text = await (await fetch(`${latchkey.issuer}/metrics`)).text()
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? /gm)) {
    const known = existing.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    existing.set(name, known)
  }
  for (const [, name = ''] of text.matchAll(/^# TYPE (\S+)/gm))
    existing.set(
      name,
      existing.get(name) ??
        new Set([...(existing.get(`${name}_bucket`) ?? [])].filter((label) => label !== 'le')),
    )
})
afterAll(() => latchkey?.stop())

const METRIC = /\b(?:latchkey|nodejs|process)_[a-z0-9_]+\b/g

test('every metric that the docs name exists', () => {
  const named = new Set(page.match(METRIC))
  expect(named.size).toBeGreaterThan(25)
  expect([...named].filter((name) => !existing.has(name))).toEqual([])
})

test('every metric of this server is in the table of the docs, with its labels', () => {
  const rows = [...page.matchAll(/^\| `(latchkey_\w+)` \| (.*?) \|/gm)].map(([, name = '', labels = '']) => [
    name,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
  ])
  const ours = [...existing]
    .filter(([name]) => name.startsWith('latchkey_') && !/_(bucket|sum|count)$/.test(name))
    .map(([name, labels]) => [name, [...labels].sort()])
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(ours))
})

test('five alerts, each of metrics and labels that exist, with words for the person on call', () => {
  const [, rules] = blocks
  const alerts = rules.groups[0].rules as {
    alert: string
    expr: string
    annotations: Record<string, string>
  }[]
  expect(alerts).toHaveLength(5)
  for (const { alert, expr, annotations } of alerts) {
    expect(
      expr.match(METRIC)?.filter((name) => !existing.has(name)),
      alert,
    ).toEqual([])
    for (const [, name = '', selectors = ''] of expr.matchAll(/(\w+)\{(.*?)\}/g))
      for (const [, label = ''] of selectors.matchAll(/(\w+)=~?"/g))
        expect([...(existing.get(name) ?? [])], `${alert}: ${name}`).toContain(label)
    expect([...expr].filter((sign) => sign === '(').length).toBe(
      [...expr].filter((sign) => sign === ')').length,
    )
    expect(annotations.summary, alert).toBeTruthy()
    expect(annotations.description, alert).toBeTruthy()
  }
})
