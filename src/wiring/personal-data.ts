import { createPersonalData, type PersonalData } from '../accounts/personal-data/export.ts'
import { createPersonalRows } from '../accounts/personal-data/store.ts'
import type { Entry } from '../audit/entry.ts'
import { listCodeDevices } from '../oidc/device/signed-in.ts'
import { listApiSignIns } from '../oidc/sessions/api-sign-ins.ts'
import { listSessions } from '../oidc/sessions/devices.ts'
import type { Services } from '../services.ts'
import { epochSeconds } from '../shared/clock.ts'

const iso = (time: number | null | undefined): string | null =>
  time === null || time === undefined ? null : new Date(time).toISOString()

/** Entries of the audit log that are read at once. */
const BATCH = 100

/** What apps hold for an account, without what it is: who has it can use it. */
const HELD_BY_APPS = {
  Grant: 'grant',
  RefreshToken: 'refresh',
  AccessToken: 'access',
  AuthorizationCode: 'code',
  DeviceCode: 'device code',
} as const

/** What every part of the server holds about a person. */
export function openPersonalData(services: Services): PersonalData {
  const { access, accounts, artifacts, audit, clock, config, consents, db, findClient } = services
  const nameOf = async (clientId: string) => (await findClient(clientId))?.metadata.client_name ?? null

  async function* entriesBy(filter: 'actor' | 'target', accountId: string): AsyncGenerator<Entry> {
    for (let cursor: string | undefined; ; ) {
      const page = await audit.list({ [filter]: accountId }, { limit: BATCH, ...(cursor && { cursor }) })
      yield* page.items
      cursor = page.next_cursor
      if (cursor === undefined) return
    }
  }

  return createPersonalData({
    accounts,
    rows: createPersonalRows(db),
    clock,
    issuer: config.issuer,
    sources: [
      {
        name: 'sessions',
        async read(accountId) {
          const account = await accounts.byId(accountId)
          return (await listSessions(artifacts, account)).map(({ uid, signedInAt, address, userAgent }) => ({
            uid,
            signed_in_at: iso(signedInAt),
            address,
            user_agent: userAgent,
          }))
        },
      },
      {
        name: 'api_sign_ins',
        async read(accountId) {
          const account = await accounts.byId(accountId)
          const signIns = account ? await listApiSignIns(artifacts, account) : []
          return signIns.map(({ uid, signedInAt, lastActiveAt }) => ({
            uid,
            signed_in_at: iso(signedInAt),
            last_renewed_at: iso(lastActiveAt),
          }))
        },
      },
      {
        name: 'devices_signed_in_with_a_code',
        async read(accountId) {
          const account = await accounts.byId(accountId)
          const devices = account ? await listCodeDevices(artifacts, account, epochSeconds(clock)) : []
          return Promise.all(
            devices.map(async ({ clientId, address, approvedAt }) => ({
              client_id: clientId,
              client_name: await nameOf(clientId),
              approved_at: iso(approvedAt * 1000),
              address,
            })),
          )
        },
      },
      {
        name: 'consents',
        read: async (accountId) =>
          Promise.all(
            (await consents.list(accountId)).map(
              async ({ clientId, scopes, resources, claims, grantedAt }) => ({
                client_id: clientId,
                client_name: await nameOf(clientId),
                allowed_at: iso(grantedAt * 1000),
                scopes,
                resources,
                claims: claims ?? [],
              }),
            ),
          ),
      },
      {
        name: 'groups',
        read: async (accountId) =>
          (await access.groups.ofAccount(accountId)).map(({ name, description }) => ({ name, description })),
      },
      {
        name: 'roles',
        read: async (accountId) =>
          (await access.roles.ofAccount(accountId)).map(({ name, resource, scope }) => ({
            name,
            api: resource ?? null,
            scope: scope ?? null,
          })),
      },
      {
        name: 'organizations',
        read: async (accountId) =>
          (await services.organizations.members.ofAccount(accountId)).map(({ name, slug, roles }) => ({
            name,
            slug,
            roles,
          })),
      },
      {
        name: 'apps_signed_in',
        async read(accountId) {
          const found = Object.entries(HELD_BY_APPS).map(async ([model, kind]) =>
            (await artifacts.listByAccount(model, accountId)).map(({ payload, expiresAt }) => ({
              kind,
              client_id: payload.clientId ?? null,
              scope: payload.scope ?? null,
              issued_at: typeof payload.iat === 'number' ? iso(payload.iat * 1000) : null,
              expires_at: expiresAt === null ? null : iso(expiresAt * 1000),
            })),
          )
          return (await Promise.all(found)).flat()
        },
      },
      {
        name: 'activity_on_your_account',
        async *read(accountId: string) {
          for await (const entry of entriesBy('target', accountId))
            yield {
              ...briefly(entry),
              by: entry.actor.id === accountId ? 'you' : entry.actor.kind,
              details: entry.details,
            }
        },
      },
      {
        // What a person did to something else says no more of it here than which it was: it may be about other people.
        name: 'your_other_activity',
        async *read(accountId: string) {
          for await (const entry of entriesBy('actor', accountId))
            if (entry.target?.id !== accountId)
              yield {
                ...briefly(entry),
                target: entry.target && { kind: entry.target.kind, id: entry.target.id },
              }
        },
      },
    ],
  })
}

const briefly = ({ at, action, address }: Entry) => ({ at: iso(at), action, address: address ?? null })
