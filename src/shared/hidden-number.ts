/** The last digits of a phone number: its owner knows it by them, and who has only learnt the password does not learn the rest. */
export const hiddenNumber = (number: string): string => `…${number.slice(-3)}`
