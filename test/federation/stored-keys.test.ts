import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { createAuthorizationRequests } from '../../src/federation/login/authorization-requests.ts'
import { createPendingLogins } from '../../src/federation/login/pending-logins.ts'
import type { UpstreamLogin } from '../../src/federation/login/upstream-login.ts'
import { providerFields } from '../../src/shared/profile/fields.ts'

// A sign-in begins on one version of the server and ends on the next one: what is stored keeps its names.

const request = {} as FastifyRequest
const reply = {} as FastifyReply
const binding = { bind: () => 'browser', matches: () => true }
const interaction = 'f'.repeat(20)
const intent = { kind: 'page' as const, interaction }
const purpose = { kind: 'page', flow: interaction }

function artifactsOf(stored: Map<string, Record<string, unknown>>) {
  return {
    upsert: async (model: string, id: string, payload: object) =>
      void stored.set(`${model} ${id}`, JSON.parse(JSON.stringify(payload)) as Record<string, unknown>),
    find: async (model: string, id: string) => stored.get(`${model} ${id}`),
    consume: async () => true,
  }
}

test('an authorization request is stored with provider, purpose and ticket', async () => {
  const stored = new Map<string, Record<string, unknown>>()
  const artifacts = artifactsOf(stored)
  const requests = createAuthorizationRequests({ artifacts, binding, clock: () => 0 })
  const { state, nonce, codeVerifier } = await requests.begin(request, reply, {
    provider: 'corp',
    intent,
    pendingId: 'pending',
  })
  expect([...stored]).toEqual([
    [
      `UpstreamAttempt ${state}`,
      {
        provider: 'corp',
        purpose,
        ticket: 'pending',
        nonce,
        codeVerifier,
        browser: 'browser',
        until: 600,
      },
    ],
  ])
  expect(await requests.redeem(request, state, 'corp')).toMatchObject({
    kind: 'good',
    details: { intent, pendingId: 'pending' },
  })
})

test('a pending login is stored as arrival, with its purpose', async () => {
  const stored = new Map<string, Record<string, unknown>>()
  const pendingLogins = createPendingLogins({
    organizations: { owns: async () => true },
    artifacts: artifactsOf(stored),
    binding,
    providers: { find: async () => ({ id: 'corp' }) as never },
    ends: { hasEnded: async () => false },
  })
  const login = {
    provider: { id: 'corp', name: 'Corp', organizationId: null },
    identity: {
      issuer: 'https://login.example',
      subject: '1',
      provider: 'corp',
      label: null,
      sealedTokens: null,
    },
    at: 1,
    provided: { mode: 'sync' as const, groups: ['Engineers'], roles: [] },
    profile: Object.fromEntries(
      providerFields.map(({ property }) => [property, null]),
    ) as UpstreamLogin['profile'],
  }
  const id = await pendingLogins.issue(request, reply, { ...login, intent })
  expect([...stored]).toEqual([
    [`UpstreamTicket ${id}`, { arrival: { ...login, purpose }, browser: 'browser' }],
  ])
  expect(await pendingLogins.find(request, id)).toEqual({ ...login, intent })
})
