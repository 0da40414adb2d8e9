import type { FastifyInstance } from 'fastify'
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
  role: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional()
    .catch(undefined),
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

  app.get<{ Querystring: { done?: unknown } }>(
    LIST,
    { config: { admin: 'user.read', within: 'organization' } },
    async (request, reply) => {
      // How members sign in is not shown to a role with a limit, nor found out by it.
      const limited = administratorOf(request).authority.scope !== undefined
      const asked = query.parse(request.query)
      const wanted = limited ? { ...asked, second_factor: undefined } : asked
      const { search, role = '', second_factor = '', state = '', attribute, value, sort } = wanted
      const known = deps.attributeForm.names()
      const named = known.some((each) => each.value === attribute) ? { attribute, value } : undefined
      const kept = {
        ...{ search, role, second_factor, state, ...named },
        sort: sort === USUAL ? undefined : sort,
      }
      const column = (label: TextKey, first: string) =>
        sortLink(LIST, kept, { label: t(label), first, order: sort, usual: USUAL })
      const page = await users.search({
        ...wanted,
        ...withinLimits.users(),
        limit: PAGE,
        order: sort,
        attribute: named && { name: attribute, value: value.trim() },
      })
      const data = {
        search,
        role,
        roles: await roleOptions(deps, may(administratorOf(request).authority, 'administrator_role.read')),
        second_factor: limited ? undefined : second_factor,
        state,
        chips: await chipsOf(deps, request, kept),
        attribute: named?.attribute ?? '',
        value: named?.value ?? '',
        attributes: known,
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
    const { cursor: _cursor, attribute, value, sort, ...wanted } = query.parse(request.query)
    const named = deps.attributeForm.names().some((each) => each.value === attribute)
    const pieces = users.exported({
      ...wanted,
      ...(sort !== USUAL && { order: sort }),
      attribute: named ? { name: attribute, value: value.trim() } : undefined,
    })
    return sendCsv(reply, 'users', clock(), pieces)
  })
}
