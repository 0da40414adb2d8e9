import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ManagedGroup, ManagedMember } from '../../../access/managing.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import { countForAccount, countNow, giveBack } from '../../../http/rate-limits/rate-limits.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf } from '../../../shared/moment.ts'
import { askedPlace } from '../../../shared/paging.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

interface Pager {
  first?: string | undefined
  next?: string | undefined
}

export interface ManagedGroupPage {
  account: AccountFrame
  name: string
  description: string
  /** Names of the roles that members have by it. */
  roles: readonly string[]
  members: { name: string; detail: string; tags: string[]; removeHref?: string | undefined }[]
  pager: Pager
  add: Form
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/groups': {
      account: AccountFrame
      groups: { href: string; name: string; description: string }[]
      pager: Pager
    }
    'accounts/account/group': ManagedGroupPage
    'accounts/account/group-remove': {
      account: AccountFrame
      name: string
      /** Undefined: they take themselves out. */
      member?: string | undefined
      roles: readonly string[]
      form: ButtonForm
      keepHref: string
    }
  }
}

const PATH = '/account/groups'

const NOTICES: Readonly<Record<string, TextKey>> = {
  added: 'groups.added',
  removed: 'groups.removed',
  left: 'groups.left',
}

const pageQuery = z.object({
  cursor: askedPlace,
  done: z.unknown().optional(),
})
const addForm = z.object({ user: z.string().max(400).default('') })

type ById = { Params: { id: string } }
type OfMember = { Params: { id: string; user: string } }

const pagerOf = (path: string, cursor: string | undefined, next: string | undefined): Pager => ({
  first: cursor === undefined ? undefined : path,
  next: next === undefined ? undefined : `${path}?${new URLSearchParams({ cursor: next })}`,
})

/** `/account/groups`: the groups that a person manages, and who is in them. */
export async function groupRoutes(
  app: FastifyInstance,
  { http, managing }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const guesses = http.limit('groupMember', null)
  const pageOf = (id: string) => `${PATH}/${id}`

  app.get(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const { cursor, done } = pageQuery.parse(request.query)
    const page = await managing.groups(signed.account.id, { cursor })
    return renderPage(reply, 'accounts/account/groups', {
      account: frameOf(signed, PATH, { notice: noticeIn(NOTICES, done) }),
      groups: page.items.map(({ id, name, description }) => ({ href: pageOf(id), name, description })),
      pager: pagerOf(PATH, cursor, page.next_cursor),
    })
  })

  const memberView = (
    { account }: Signed,
    { id }: ManagedGroup,
    { accountId, username, manager, createdAt, removable }: ManagedMember,
  ) => {
    const tags = [
      ...(manager ? [t('groups.manager')] : []),
      ...(accountId === account.id ? [t('groups.you')] : []),
    ]
    const removeHref = removable ? `${pageOf(id)}/remove/${encodeURIComponent(accountId)}` : undefined
    return { name: username, detail: t('groups.since', { day: dayOf(createdAt) }), tags, removeHref }
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    signed: Signed,
    { id, add, status }: { id: string; add?: Partial<Form>; status?: number },
  ) {
    const { cursor, done } = pageQuery.parse(request.query)
    const group = await managing.group(signed.account.id, id)
    const page = await managing.members(signed.account.id, id, { cursor })
    const data = {
      account: frameOf(signed, PATH, { notice: status === undefined ? noticeIn(NOTICES, done) : undefined }),
      name: group.name,
      description: group.description,
      roles: group.roles,
      members: page.items.map((each) => memberView(signed, group, each)),
      pager: pagerOf(pageOf(id), cursor, page.next_cursor),
      add: { action: `${pageOf(id)}/members`, ...add },
    }
    return renderPage(reply, 'accounts/account/group', data, status)
  }

  app.get<ById>(`${PATH}/:id`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    return signed ? show(request, reply, signed, request.params) : reply
  })

  /** What is given or taken with a group that has roles is given by a person who has proven lately who they are. */
  const again = async (request: FastifyRequest, signed: Signed, group: ManagedGroup, words: string) =>
    group.roles.length > 0 ? signedIn.again(request, signed, words) : undefined

  app.post<ById>(`${PATH}/:id/members`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id } = request.params
        const { account } = signed
        const group = await managing.group(account.id, id)
        const { user } = addForm.parse(request.body ?? {})
        const first = await again(request, signed, group, t('act.groupAdd', { user, group: group.name }))
        if (first) return first
        countForAccount(request, account.id)
        await countNow(guesses, request, reply)
        await managing.add(account.id, id, user)
        await giveBack(request)
        return `${pageOf(id)}?done=added`
      },
      async (_reply, signed, error) => {
        const add = { errors: error.sentences, values: addForm.parse(request.body ?? {}) }
        return show(request, reply, signed, { id: request.params.id, add, status: 422 })
      },
    )(request, reply),
  )

  app.get<OfMember>(`${PATH}/:id/remove/:user`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const { id, user } = request.params
    const group = await managing.group(signed.account.id, id)
    const member = await managing.member(signed.account.id, id, user)
    return renderPage(reply, 'accounts/account/group-remove', {
      account: frameOf(signed, PATH),
      name: group.name,
      member: user === signed.account.id ? undefined : member.username,
      roles: group.roles,
      form: { action: `${pageOf(id)}/remove/${encodeURIComponent(user)}` },
      keepHref: pageOf(id),
    })
  })

  app.post<OfMember>(`${PATH}/:id/remove/:user`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(PATH, async (signed) => {
      const { id, user } = request.params
      const group = await managing.group(signed.account.id, id)
      const first = await again(request, signed, group, t('act.groupRemove', { group: group.name }))
      if (first) return first
      // What another tab has done already is done.
      await managing.remove(signed.account.id, id, user).catch(unlessCode('not_a_member'))
      return user === signed.account.id ? `${PATH}?done=left` : `${pageOf(id)}?done=removed`
    })(request, reply),
  )
}
