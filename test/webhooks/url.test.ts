import { expect, test } from 'vitest'
import { parsePrivateHosts } from '../../src/http/outgoing/private-hosts.ts'
import { webhookUrlProblem } from '../../src/webhooks/url.ts'

const privateHosts = parsePrivateHosts(['crm.internal', '10.7.0.0/16'])
if (privateHosts === undefined) throw new Error('not accepted')

/** Where webhooks of an https issuer may lead: out, by https, or to what the operator has named. */
test.each([
  ['https://app.example/hooks', true],
  ['http://app.example/hooks', false],
  ['https://127.0.0.1/hooks', false],
  ['https://[::1]/hooks', false],
  ['https://localhost/hooks', false],
  ['https://169.254.169.254/latest', false],
  ['https://10.1.2.3/hooks', false],
  ['https://intranet/hooks', false],
  ['https://other.internal/hooks', false],
  ['https://crm.internal/hooks', true],
  ['http://crm.internal/hooks', true],
  ['http://10.7.1.2/hooks', true],
])('%s: %s', (url, allowed) => {
  const reach = { allowLoopback: false, privateHosts }
  expect(webhookUrlProblem(new URL(url), reach) === undefined).toBe(allowed)
})

test('beside an issuer on loopback everything is open', () => {
  expect(webhookUrlProblem(new URL('http://127.0.0.1:4000/'), { allowLoopback: true })).toBeUndefined()
})
