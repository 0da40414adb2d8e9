import { day, type WriteOf } from '../content.ts'

export const webhookDisabled: WriteOf<'webhook-disabled'> = ({ username, url, since, link }, service) => ({
  subject: ['mail.webhookDisabled.subject', { service }],
  heading: ['mail.webhookDisabled.heading'],
  paragraphs: [['mail.webhookDisabled.what', { username }]],
  facts: [
    ['mail.fact.receiver', url],
    ['mail.fact.since', day(since)],
  ],
  advice: [['mail.webhookDisabled.then']],
  button: { label: 'mail.webhookDisabled.button', link },
  because: 'mail.because.administrator',
})

export const test: WriteOf<'test'> = ({ username, accountLink }, service) => ({
  subject: ['mail.test.subject', { service }],
  heading: ['mail.test.heading'],
  paragraphs: [['mail.test.what', { username, service }], ['mail.test.spam']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.test',
})
