interface Announcement {
  accounts: {
    search(query: { role: 'admin'; limit: number }): Promise<{
      items: readonly { email: string | null; displayUsername: string; disabledAt: number | null }[]
    }>
  }
  mailer: {
    send(mail: {
      to: string
      template: 'webhook-disabled'
      data: { username: string; url: string; since: number; link: string }
    }): void
  }
  issuer: string
  logger: { error(fields: object, message: string): void }
}

/** Administrators that are told, at most. */
const MOST = 100

/** Tells administrators by mail that a webhook was disabled because nothing could be delivered to it. Failures are logged, not thrown. */
export async function announceDisabled(
  { accounts, mailer, issuer, logger }: Announcement,
  { id, url, failingSince }: { id: string; url: string; failingSince: number },
): Promise<void> {
  try {
    const { items } = await accounts.search({ role: 'admin', limit: MOST })
    for (const { email, displayUsername: username, disabledAt } of items)
      if (email !== null && disabledAt === null) {
        const data = { username, url, since: failingSince, link: `${issuer}/admin/webhooks/${id}` }
        mailer.send({ to: email, template: 'webhook-disabled', data })
      }
  } catch (err) {
    logger.error({ err }, 'administrators could not be told of a disabled webhook')
  }
}
