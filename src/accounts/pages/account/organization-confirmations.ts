import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { renderPage } from '../../../http/pages/views.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { PATH, pageOf } from './organization-paths.ts'
import { frameOf, type SignedIn } from './signed-in.ts'

const query = z.object({
  domain: z.string().max(400).default('').catch(''),
  invitation: z.string().max(100).default('').catch(''),
})

type ById = { Params: { id: string } }

/** What a page asks about. */
interface Asked {
  title: string
  ends: string
  /** What the form names it by. */
  fields: Record<string, string>
  label: string
}

/** What leads back with a notice: it was ended since, in another tab or by another manager. */
type Gone = 'domain-gone' | 'invitation-gone'

/** The pages that ask before a manager ends what cannot be had back: a domain, an invitation. */
export function organizationConfirmations(
  app: FastifyInstance,
  { organizations }: Pick<AccountPagesDependencies, 'organizations'>,
  signedIn: SignedIn,
): void {
  const { managing } = organizations

  /** @param find undefined: it is not theirs to end */
  function page(
    path: string,
    find: (managerId: string, id: string, named: z.infer<typeof query>) => Promise<Asked | Gone | undefined>,
  ) {
    app.get<ById>(`${PATH}/:id/${path}`, async (request, reply) => {
      const signed = await signedIn.person(request, reply, PATH)
      if (!signed) return reply
      const { id } = request.params
      const backHref = pageOf(id)
      const asked = await find(signed.account.id, id, query.parse(request.query ?? {}))
      if (asked === undefined) return reply.redirect(backHref, 303)
      if (typeof asked === 'string') return reply.redirect(`${backHref}?done=${asked}`, 303)
      const { fields, ...texts } = asked
      return renderPage(reply, 'accounts/account/organization-confirm', {
        account: frameOf(signed, PATH),
        ...texts,
        form: { action: `${backHref}/${path}`, fields },
        backHref,
      })
    })
  }

  page('domains/remove', async (managerId, id, { domain }) => {
    const { name: organization } = await managing.organization(managerId, id)
    const found = (await managing.domains(managerId, id)).some((each) => each.domain === domain)
    if (!found) return 'domain-gone'
    return {
      title: t('organizations.domain.remove.title', { domain, organization }),
      ends: t('organizations.domain.remove.ends'),
      fields: { domain },
      label: t('organizations.domain.remove.submit'),
    }
  })

  page('invitations/revoke', async (managerId, id, { invitation }) => {
    const { name: organization } = await managing.organization(managerId, id)
    const found = await managing
      .invitation(managerId, id, invitation)
      .catch(unlessCode('invitation_not_found'))
    if (!found) return 'invitation-gone'
    if (!found.changeable) return undefined
    return {
      title: t('organizations.invitations.revoke.title', { email: found.email, organization }),
      ends: t('organizations.invitations.revoke.ends'),
      fields: { invitation },
      label: t('organizations.invitations.revoke.submit'),
    }
  })
}
