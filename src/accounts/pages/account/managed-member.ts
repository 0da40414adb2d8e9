import type { FastifyInstance, FastifyReply } from 'fastify'
import { shownAgain } from '../../../http/forms/forms.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { freshSignInOf, memberPage, PATH, pageOf, sentForm } from './organization-paths.ts'
import { boxesOf, boxOf, type RoleBox, rolesIn } from './role-boxes.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/organization-member': {
      account: AccountFrame
      organization: string
      member: string
      /** The member is the person whose page it is. */
      you: boolean
      form: Form
      roles: readonly RoleBox[]
      remove: ButtonForm
      backHref: string
    }
  }
}

type OfMember = { Params: { id: string; user: string } }

/** `/account/organizations/:id/members/:user`: the roles of a member, and removing them. */
export function managedMemberRoutes(
  app: FastifyInstance,
  { http, organizations }: AccountPagesDependencies,
  signedIn: SignedIn,
): void {
  const { managing } = organizations
  const freshSignIn = freshSignInOf(organizations, signedIn)

  async function showMember(
    reply: FastifyReply,
    signed: Signed,
    { id, user, form, status }: { id: string; user: string; form?: Partial<Form>; status?: number },
  ) {
    const self = signed.account.id
    const { name, givable } = await managing.organization(self, id)
    const member = await managing.member(self, id, user)
    const you = user === self
    if (!member.changeable && !you) return reply.redirect(pageOf(id), 303)
    const values = form?.values ?? Object.fromEntries(member.roles.map((role) => [boxOf(role), 'on']))
    return renderPage(
      reply,
      'accounts/account/organization-member',
      {
        account: frameOf(signed, PATH),
        organization: name,
        member: member.username,
        you,
        form: { action: memberPage(id, user), ...form },
        roles: boxesOf(givable, values),
        remove: { action: `${memberPage(id, user)}/remove` },
        backHref: pageOf(id),
      },
      status,
    )
  }

  app.get<OfMember>(`${PATH}/:id/members/:user`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    return signed ? showMember(reply, signed, request.params) : reply
  })

  app.post<OfMember>(`${PATH}/:id/members/:user`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id, user } = request.params
        const words = (organization: string) => t('act.organizationRoles', { organization })
        const first = await freshSignIn(request, signed, id, words)
        if (first) return first
        await managing.setRoles(signed.account.id, id, user, rolesIn(sentForm.parse(request.body ?? {})))
        const stays = (await organizations.members.membership(signed.account.id, id))?.manages
        return stays ? `${pageOf(id)}?done=roles` : PATH
      },
      (_reply, signed, error) => {
        const form = { errors: error.sentences, values: shownAgain(request.body) }
        return showMember(reply, signed, { ...request.params, form, status: error.status })
      },
    )(request, reply),
  )

  app.post<OfMember>(`${PATH}/:id/members/:user/remove`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(PATH, async (signed) => {
      const { id, user } = request.params
      const words = (organization: string) => t('act.organizationRemove', { organization })
      const first = await freshSignIn(request, signed, id, words)
      if (first) return first
      // What another tab has done already is done.
      await managing.remove(signed.account.id, id, user).catch(unlessCode('not_a_member'))
      return user === signed.account.id ? `${PATH}?done=left` : `${pageOf(id)}?done=removed`
    })(request, reply),
  )
}
