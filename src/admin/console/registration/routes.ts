import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { SelfRegistered } from '../../../clients/self-registered/self-registered.ts'
import type { Cookies } from '../../../http/cookies/cookies.ts'
import type { SealedCookies } from '../../../http/cookies/sealed-cookie.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Registration } from '../../../registration/registration.ts'
import { html, type TextKey, t } from '../../../shared/locales/texts.ts'
import { askedPlace } from '../../../shared/paging.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { pageLinks } from '../page-links.ts'
import { createShownOnce } from '../shown-once.ts'
import { clientRow, tokenRow } from './view.ts'

export interface RegistrationDependencies {
  cookies: Cookies
  sealed: SealedCookies
  /** Whether a client_id may be the address of a document. */
  metadataDocuments: boolean
  registration: Pick<Registration, 'mode' | 'openScopes' | 'setVerified' | 'tokens'>
  selfRegistered: Pick<SelfRegistered, 'list'>
}

const text = z.string().max(4000).default('')
const query = z.object({
  cursor: askedPlace,
  done: z.string().optional().catch(undefined),
  made: z.uuid().optional().catch(undefined),
})
const tokenForm = z.object({
  name: text,
  uses: text,
  lifetime: text,
  scope: text,
  redirect_hosts: text,
  client_credentials: z.literal('on').optional(),
  unverified: z.literal('on').optional(),
})
const named = z.object({ id: z.string().max(100).default('') })
/** The state that was looked at: its developer may change it while the page is open. */
const looked = named.extend({ version: z.string().max(100) })

const NOTICES: Readonly<Record<string, TextKey>> = {
  revoked: 'admin.registration.done.revoked',
  verified: 'admin.registration.done.verified',
}

const words = (value: string): string[] => value.split(/[\s,]+/).filter(Boolean)
/** NaN, which every check refuses, for what is no whole number. */
const whole = (value: string): number => (/^\d{1,9}$/.test(value.trim()) ? Number(value) : Number.NaN)

/** How a client is registered with a token, by a command. */
const useOf = (endpoint: string, token: string): string =>
  [
    `curl ${endpoint}`,
    `-H 'Authorization: Bearer ${token}'`,
    "-H 'Content-Type: application/json'",
    `-d '{"client_name": "My app", "redirect_uris": ["https://app.example/callback"]}'`,
  ].join(' \\\n  ')

/** `/admin/registration`: clients that register themselves, and the tokens that let them. */
export async function registrationArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & RegistrationDependencies,
): Promise<void> {
  const { registration, selfRegistered } = deps
  const shownOnce = createShownOnce(deps)

  async function show(request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) {
    const { cursor, done, made } = query.parse(request.query)
    const { id: by } = administratorOf(request)
    const [tokens, page] = await Promise.all([registration.tokens.list(), selfRegistered.list({ cursor })])
    const endpoint = new URL('/clients/register', deps.issuer).href
    const shown = made && shownOnce.take(request, reply, made, by)
    const data = {
      mode: registration.mode,
      endpoint,
      metadataDocuments: deps.metadataDocuments,
      openScopes: [...registration.openScopes],
      tokens: tokens.map(tokenRow),
      clients: page.items.map(clientRow),
      next: pageLinks('/admin/registration', {}, cursor, page.next_cursor).next,
      form: { action: '/admin/registration/tokens', ...form },
      shown,
      use: shown && useOf(endpoint, shown),
    }
    const notice = noticeIn(NOTICES, done)
    return renderConsole(request, reply, 'registration', 'admin/registration', data, { status, notice })
  }

  app.get('/admin/registration', { config: { admin: 'registration_token.read' } }, (request, reply) =>
    show(request, reply),
  )

  app.post(
    '/admin/registration/tokens',
    { config: { admin: 'registration_token.create' } },
    async (request, reply) => {
      const sent = tokenForm.parse(request.body ?? {})
      try {
        const { id, token } = await registration.tokens.create({
          name: sent.name,
          uses: sent.uses.trim() === '' ? null : whole(sent.uses),
          expires_in: sent.lifetime === '' ? null : whole(sent.lifetime),
          scope: words(sent.scope).join(' '),
          redirect_hosts: words(sent.redirect_hosts),
          client_credentials: sent.client_credentials !== undefined,
          verified: sent.unverified === undefined,
        })
        shownOnce.put(reply, id, token, administratorOf(request).id)
        return reply.redirect(`/admin/registration?made=${id}`, 303)
      } catch (error) {
        const refused = asFormErrors(error, { expires_in: 'lifetime' })
        return show(request, reply, { ...refused, values: shownAgain(request.body) }, 422)
      }
    },
  )

  app.get(
    '/admin/registration/tokens/revoke',
    { config: { admin: 'registration_token.read' } },
    async (request, reply) => {
      const { id } = named.parse(request.query)
      const token = (await registration.tokens.list()).find((each) => each.id === id)
      // It has ended by itself, or in another tab.
      if (token?.state !== 'active') return reply.redirect('/admin/registration', 303)
      return renderConsole(request, reply, 'registration', 'admin/confirm', {
        title: t('admin.registration.revoke.title', { name: token.name }),
        keepHref: '/admin/registration',
        keepLabel: t('common.cancel'),
        ends: [html('admin.registration.revoke.ends'), html('admin.registration.revoke.stay')],
        label: t('admin.registration.tokens.revoke'),
        form: { action: '/admin/registration/tokens/revoke', fields: { id } },
      })
    },
  )

  app.post(
    '/admin/registration/tokens/revoke',
    { config: { admin: 'registration_token.revoke' } },
    async (request, reply) => {
      await registration.tokens.revoke(named.parse(request.body ?? {}).id)
      return reply.redirect('/admin/registration?done=revoked', 303)
    },
  )

  app.post(
    '/admin/registration/clients/verify',
    { config: { admin: 'client.verify' } },
    async (request, reply) => {
      const { id, version } = looked.parse(request.body ?? {})
      await registration.setVerified(id, true, { ifVersion: version })
      return reply.redirect('/admin/registration?done=verified', 303)
    },
  )
}
