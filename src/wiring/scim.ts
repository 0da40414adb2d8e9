import type { FastifyInstance } from 'fastify'
import { canonicalEmail } from '../accounts/email/address.ts'
import { canonicalUsername } from '../accounts/sign-up/username.ts'
import { accountView } from '../accounts/store/reads.ts'
import type { Http } from '../http/http.ts'
import { createDirectoryStore } from '../scim/directory/store.ts'
import { scimRoutes } from '../scim/protocol/routes.ts'
import type { Services } from '../services.ts'
import { unlessCode } from '../shared/errors.ts'
import { nameKey } from '../shared/name-key.ts'
import { asStorageError } from '../storage/unavailable.ts'

/** `/scim/v2`, on accounts and groups. */
export async function wireScim(app: FastifyInstance, http: Http, services: Services): Promise<void> {
  const { access, accounts, config, db, organizations, scimTokens } = services
  await app.register((scope) =>
    scimRoutes(scope, {
      clock: services.clock,
      issuer: new URL(config.issuer),
      tokens: scimTokens,
      accounts,
      deleteAccount: accounts.delete,
      canonicalEmail,
      canonicalUsername,
      groups: access.groups,
      organizations: {
        owns: organizations.signIn.owns,
        join: async (id, accountId) => organizations.members.join(await organizations.get(id), accountId, []),
        leave: (id, accountId) =>
          organizations.members.remove(id, accountId).catch(unlessCode('not_a_member')),
        roles: organizations.template.names,
        rolesOf: organizations.members.rolesOf,
        withRole: organizations.members.withRole,
        setRole: organizations.members.setRole,
      },
      ofAdministrators: access.ofAdministrators,
      nameKey,
      store: createDirectoryStore({ db, accounts: accountView }),
      limit: http.limit,
      countFailure: http.countFailure,
      translate: asStorageError,
    }),
  )
}
