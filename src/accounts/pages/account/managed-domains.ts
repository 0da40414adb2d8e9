import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { refusedFields, type ValidationError } from '../../../shared/validation-error.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import type { ShowOrganization } from './managed-organization.ts'
import { freshSignInOf, PATH, pageOf } from './organization-paths.ts'
import type { Signed, SignedIn } from './signed-in.ts'

type ById = { Params: { id: string } }

const domainForm = z.object({ domain: z.string().max(400).default('') })

/** What DNS said, above the domains. */
const asProblem = (error: unknown): never => {
  if (!(error instanceof AppError) || error.code === 'organization_not_found') throw error
  throw refusedFields({ form: error.publicMessage }, error.status)
}

/** `/account/organizations/:id/domains`: adding, verifying and removing the domains of an organization. */
export function managedDomainRoutes(
  app: FastifyInstance,
  { http, organizations }: AccountPagesDependencies,
  signedIn: SignedIn,
  show: ShowOrganization,
): void {
  const { managing } = organizations
  const freshSignIn = freshSignInOf(organizations, signedIn)
  const words = (organization: string) => t('act.organizationDomain', { organization })

  const showDomains =
    (request: FastifyRequest<ById>) => (reply: FastifyReply, signed: Signed, error: ValidationError) => {
      const addDomain = { errors: error.sentences, values: shownAgain(request.body) }
      return show(request, reply, signed, { id: request.params.id, addDomain, status: error.status })
    }

  app.post<ById>(`${PATH}/:id/domains`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id } = request.params
        const first = await freshSignIn(request, signed, id, words)
        if (first) return first
        await managing.addDomain(signed.account.id, id, domainForm.parse(request.body ?? {}).domain)
        return `${pageOf(id)}?done=domain`
      },
      showDomains(request),
    )(request, reply),
  )

  for (const act of ['verify', 'remove'] as const)
    app.post<ById>(`${PATH}/:id/domains/${act}`, http.limit('account'), (request, reply) =>
      signedIn.onSubmit(
        PATH,
        async (signed) => {
          const { id } = request.params
          const first = await freshSignIn(request, signed, id, words)
          if (first) return first
          const { domain } = domainForm.parse(request.body ?? {})
          if (act === 'verify') {
            await managing.verifyDomain(signed.account.id, id, domain).catch(asProblem)
            return `${pageOf(id)}?done=verified`
          }
          // Another tab may have removed it.
          const removed = await managing
            .removeDomain(signed.account.id, id, domain)
            .then(() => true)
            .catch(unlessCode('domain_not_found'))
          return `${pageOf(id)}?done=${removed ? 'domain-removed' : 'domain-gone'}`
        },
        showDomains(request),
      )(request, reply),
    )
}
