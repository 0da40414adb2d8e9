import type { FastifyReply } from 'fastify'
import { shownAgain } from '../http/forms/forms.ts'
import { renderPage } from '../http/pages/views.ts'
import { AppError } from '../shared/errors.ts'
import type { InteractionDependencies, InteractionRequest } from './dependencies.ts'
import { createNextPage, type NextPage, type RememberedInteraction } from './next-page.ts'

declare module '../http/pages/pages.ts' {
  interface Pages {
    /** An interaction that is over. */
    'interaction/over': {
      app: string
      home?: string | undefined
      /** The person has done their part. */
      done: boolean
      /** Nothing was done, as the person wished. With `done`: of a device, the code is free again. */
      cancelled?: boolean | undefined
      /** They said no, and went on. */
      refused?: boolean | undefined
      /** It is a device that asked. */
      device?: boolean | undefined
    }
  }
}

type Handler = (request: InteractionRequest, reply: FastifyReply) => Promise<FastifyReply>

/** What the routes of an interaction have in common: how it ends, and what a browser sees that comes after its end. */
export interface Endings {
  nextPage: NextPage
  /**
   * Answers a request to an interaction that is over: by the authorization request once more, or by a page that says where
   * to go on.
   * @param leaves whether this request was to end the interaction
   */
  unlessOver(handler: Handler, leaves?: (request: InteractionRequest) => boolean): Handler
  /** Leads away from the page of the interaction: it is done. @param location where it goes on */
  goOn(
    request: InteractionRequest,
    reply: FastifyReply,
    location: string,
    how?: Pick<RememberedInteraction, 'refused' | 'cancelled'>,
  ): FastifyReply
}

export function createEndings({ http, secure }: Pick<InteractionDependencies, 'http' | 'secure'>): Endings {
  const nextPage = createNextPage({ sealed: http.sealed, secure })
  return {
    nextPage,
    unlessOver:
      (handler, leaves = () => false) =>
      async (request, reply) => {
        try {
          return await handler(request, reply)
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'interaction_expired') throw error
          const interaction = nextPage.find(request, request.params.uid)
          if (interaction === undefined) throw error
          if (!interaction.done && leaves(request))
            return renderPage(reply, 'interaction/over', { ...interaction, cancelled: true })
          if (interaction.done || interaction.restart === undefined)
            return renderPage(reply, 'interaction/over', interaction, interaction.done ? 200 : 410)
          nextPage.restarted(reply, shownAgain(request.body).identifier)
          return reply.redirect(interaction.restart, 303)
        }
      },
    goOn(request, reply, location, how = {}) {
      nextPage.done(request, reply, request.params.uid, how)
      return reply.redirect(location, 303)
    },
  }
}
