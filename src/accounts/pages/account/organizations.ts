import type { FastifyInstance } from 'fastify'
import { noticeIn } from '../../../http/forms/notice.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { TextKey } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { managedOrganizationRoutes } from './managed-organization.ts'
import { organizationConfirmations } from './organization-confirmations.ts'
import { PATH, pageOf } from './organization-paths.ts'
import { organizationProviderRoutes } from './organization-provider.ts'
import { type AccountFrame, frameOf, type SignedIn } from './signed-in.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/organizations': {
      account: AccountFrame
      organizations: {
        name: string
        slug: string
        roles: readonly string[]
        disabled: boolean
        /** For who manages it. */
        manageHref?: string | undefined
      }[]
    }
  }
}

const NOTICES: Readonly<Record<string, TextKey>> = {
  joined: 'organizations.joined',
  left: 'organizations.done.left',
}

/** `/account/organizations`: what a person signs in for, and as what; and the pages of those that they manage. */
export async function organizationRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const { members } = deps.organizations
  app.get<{ Querystring: { done?: unknown } }>(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const all = await members.ofAccount(signed.account.id)
    return renderPage(reply, 'accounts/account/organizations', {
      account: frameOf(signed, PATH, { notice: noticeIn(NOTICES, request.query.done) }),
      organizations: all.map(({ id, name, slug, roles, disabled, manages }) => ({
        ...{ name, slug, roles, disabled },
        manageHref: manages && !disabled ? pageOf(id) : undefined,
      })),
    })
  })
  managedOrganizationRoutes(app, deps, signedIn)
  organizationProviderRoutes(app, deps, signedIn)
  organizationConfirmations(app, deps, signedIn)
}
