/** What invites where no person does: the command line, or a program. Stored with invitations, and shown in the language of who reads it. */
export const THE_ADMINISTRATOR = 'The administrator'
