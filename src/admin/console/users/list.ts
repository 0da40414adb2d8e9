import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import { may } from '../../../shared/administration/authority.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { ACCOUNT_ORDERS } from '../../../shared/orders.ts'
import { askedPlace } from '../../../shared/paging.ts'
import { withinLimits } from '../../access.ts'
import { bulkButtons, bulkNotice } from '../bulk.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { renderConsole } from '../frame.ts'
import { sendCsv } from '../listed.ts'
import { PAGE, pageLinks, withQuery } from '../page-links.ts'
import { sortLink } from '../sorting.ts'
import type { usersBulk } from './bulk.ts'
import { chipsOf } from './chips.ts'
import { USER_NOTICES } from './notices.ts'
import { roleOptions } from './role-options.ts'
import type { UsersDependencies } from './routes.ts'
import { tagsOf } from './view.ts'

const LIST = '/admin/users'
const USUAL = '-created'

const text = z.string().max(400).default('')
const query = z.object({
  search: text.catch(''),
  role: z.string().optional().catch(undefined),
  second_factor: z.enum(['any', 'none', 'passkey']).optional().catch(undefined),
  state: z.enum(['disabled', 'locked', 'unverified']).optional().catch(undefined),
  attribute: z.string().max(50).default('').catch(''),
  value: z.string().max(500).default('').catch(''),
  sort: z.enum(ACCOUNT_ORDERS).catch(USUAL).default(USUAL),
  cursor: askedPlace,
})

/** `/admin/users`: finding people, on a page and in a file. */
export function userListRoutes(
  app: FastifyInstance,
  deps: ConsoleDependencies & UsersDependencies,
  bulk: ReturnType<typeof usersBulk>,
): void {
  const { users, clock } = deps

  /** What is asked for, of what the form offers: a filter that it could not show is not applied. */
  async function askedOf(request: FastifyRequest) {
    const { authority } = administratorOf(request)
    const { role, second_factor, attribute, value, ...asked } = query.parse(request.query)
    const roles = await roleOptions(deps, may(authority, 'administrator_role.read'))
    const attributes = deps.attributeForm.names()
    return {
      ...asked,
      ...{ roles, attributes },
      role: roles.find((each) => each.value === role)?.value,
      // How members sign in is not shown to a role with a limit, nor found out by it.
      second_factor: authority.scope === undefined ? second_factor : undefined,
      attribute: attributes.some((each) => each.value === attribute)
        ? { name: attribute, value: value.trim() }
        : undefined,
    }
  }

  app.get<{ Querystring: { done?: unknown } }>(
    LIST,
    { config: { admin: 'user.read', within: 'organization' } },
    async (request, reply) => {
      const limited = administratorOf(request).authority.scope !== undefined
      const { roles, attributes, sort, ...wanted } = await askedOf(request)
      const { search, role = '', second_factor = '', state = '', attribute } = wanted
      const kept = {
        ...{ search, role, second_factor, state },
        ...{ attribute: attribute?.name, value: attribute?.value },
        sort: sort === USUAL ? undefined : sort,
      }
      const column = (label: TextKey, first: string) =>
        sortLink(LIST, kept, { label: t(label), first, order: sort, usual: USUAL })
      const page = await users.search({
        ...wanted,
        ...withinLimits.users(),
        limit: PAGE,
        order: sort,
      })
      const data = {
        search,
        role,
        roles,
        second_factor: limited ? undefined : second_factor,
        state,
        chips: await chipsOf(deps, request, kept),
        attribute: attribute?.name ?? '',
        value: attribute?.value ?? '',
        attributes,
        bulk: bulkButtons(bulk, request),
        csv:
          limited || page.items.length === 0
            ? undefined
            : { href: withQuery(`${LIST}/export.csv`, kept), label: t('admin.users.csv') },
        users: page.items.map((user) => ({
          id: user.id,
          href: `${LIST}/${user.id}`,
          name: [user.givenName, user.familyName].filter(Boolean).join(' '),
          username: user.displayUsername,
          email: user.email ?? user.pendingEmail ?? '–',
          tags: tagsOf(user, clock(), deps.administratorRoles.nameOf),
          createdAt: user.createdAt,
          lastSignInAt: user.lastSignInAt,
        })),
        columns: {
          name: column('admin.users.one', 'name'),
          created: column('admin.common.created', USUAL),
          signedIn: column('admin.users.last_sign_in', '-signed_in'),
        },
        sort: kept.sort,
        ...pageLinks(LIST, kept, wanted.cursor, page.next_cursor),
      }
      const notice = noticeIn(USER_NOTICES, request.query.done) ?? bulkNotice(bulk, request.query)
      return renderConsole(request, reply, 'users', 'admin/users', data, { notice })
    },
  )

  // A role with a limit gets no file: it would be of everybody.
  app.get(`${LIST}/export.csv`, { config: { admin: 'user.read' } }, async (request, reply) => {
    const {
      cursor: _cursor,
      roles: _roles,
      attributes: _attributes,
      sort,
      ...wanted
    } = await askedOf(request)
    const pieces = users.exported({ ...wanted, ...(sort !== USUAL && { order: sort }) })
    return sendCsv(reply, 'users', clock(), pieces)
  })
}
