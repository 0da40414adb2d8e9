import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import type { ShownOnce } from '../shown-once.ts'
import { type Preset, presetRegistration, presets } from '../snippets/preset.ts'
import { stackAbout, stackName } from '../snippets/spoken.ts'
import type { ClientsDependencies } from './dependencies.ts'
import { fieldErrors, fieldsSchema, labelsFor } from './form.ts'
import { spokenForm } from './spoken.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients-preset': {
      frame: ConsoleFrame
      form: Form
      name: string
      about: string
      /** An address as it may have; undefined: it has none. */
      example: string | undefined
      atPath: boolean
      scopes: string[]
    }
  }
}

type PresetParams = { Params: { preset: string } }

const params = z.object({ preset: z.string().max(100) })

/** `/admin/clients/new/:preset`: registers a client for a program that is there already, by its address alone. */
export async function presetForm(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies,
  shownOnce: ShownOnce,
): Promise<void> {
  function found(request: FastifyRequest): Preset {
    const { preset } = params.parse(request.params)
    const stack = presets().find(({ id }) => id === preset)
    if (stack === undefined) throw new AppError('not_found', 404, message('admin.clients.preset.none'))
    return stack
  }

  function show(request: FastifyRequest, reply: FastifyReply, stack: Preset, sent: Partial<Form>) {
    const data = {
      form: { action: `/admin/clients/new/${stack.id}`, ...sent },
      name: stackName(stack),
      about: stackAbout(stack),
      example: stack.preset.url,
      atPath: stack.preset.atPath,
      scopes: stack.preset.scope.split(' '),
    }
    return renderConsole(request, reply, 'clients', 'admin/clients-preset', data, {
      status: sent.errors ? 422 : 200,
    })
  }

  app.get<PresetParams>(
    '/admin/clients/new/:preset',
    { config: { admin: 'client.create' } },
    (request, reply) => {
      const stack = found(request)
      return show(request, reply, stack, { values: { client_name: stackName(stack) } })
    },
  )

  app.post<PresetParams>(
    '/admin/clients/new/:preset',
    { config: { admin: 'client.create' } },
    async (request, reply) => {
      const stack = found(request)
      const fields = fieldsSchema.parse(request.body)
      try {
        const created = await deps.clients.create({
          ...presetRegistration(stack, fields.url ?? ''),
          client_name: fields.client_name ?? '',
          ...(fields.first_party !== undefined && { first_party: true }),
        })
        const { client_id: id, client_secret: secret } = created
        if (secret !== undefined) shownOnce.put(reply, id, secret, administratorOf(request).id)
        return reply.redirect(`/admin/clients/${id}?done=created&preset=${stack.id}`, 303)
      } catch (error) {
        const form = spokenForm(deps.clientForm)
        const wrong = fieldErrors(error, form)
        if (wrong === undefined) throw error
        // The form has the address that redirect URIs are made of.
        const { redirect_uris, post_logout_redirect_uris, ...others } = wrong
        const ofUris = redirect_uris ?? post_logout_redirect_uris
        const errors = { ...others, ...(ofUris && { url: ofUris }) }
        const labels = { ...labelsFor(Object.keys(errors), form), url: t('admin.clients.preset.address') }
        return show(request, reply, stack, { errors, labels, values: fields })
      }
    },
  )
}
