"""Tables of commonplace financial facts: one entity per line, cells divided by ``|`` (see ``composing.parse_table``).

A column ``also`` lists further values that are true of the entity, so that no question offers them as wrong answers.
"""

from __future__ import annotations

COUNTRIES = """
name | currency | code | exchange | coin | also
Japan | yen | JPY | Tokyo | sen | Osaka
Sweden | krona | SEK | Stockholm | öre |
Norway | krone | NOK | Oslo | øre |
Poland | zloty | PLN | Warsaw | grosz |
the Czech Republic | koruna | CZK | Prague | haler |
Hungary | forint | HUF | Budapest | filler |
Switzerland | franc | CHF | Zurich | rappen | centime
Britain | pound | GBP | London | penny |
India | rupee | INR | Mumbai | paisa |
Pakistan | rupee | PKR | Karachi | paisa |
China | yuan | CNY | Shanghai | fen |
South Korea | won | KRW | Seoul | jeon |
Thailand | baht | THB | Bangkok | satang |
Indonesia | rupiah | IDR | Jakarta | sen |
Malaysia | ringgit | MYR | Kuala Lumpur | sen |
the Philippines | peso | PHP | Manila | centavo |
Brazil | real | BRL | São Paulo | centavo |
Argentina | peso | ARS | Buenos Aires | centavo |
Chile | peso | CLP | Santiago | centavo |
Peru | sol | PEN | Lima | centimo |
South Africa | rand | ZAR | Johannesburg | cent |
Nigeria | naira | NGN | Lagos | kobo |
Kenya | shilling | KES | Nairobi | cent |
Egypt | pound | EGP | Cairo | piastre |
Ghana | cedi | GHS | Accra | pesewa |
Morocco | dirham | MAD | Casablanca | centime |
Israel | shekel | ILS | Tel Aviv | agora |
Turkey | lira | TRY | Istanbul | kurus |
Saudi Arabia | riyal | SAR | Riyadh | halala |
Russia | rouble | RUB | Moscow | kopeck |
Canada | dollar | CAD | Toronto | cent |
Australia | dollar | AUD | Sydney | cent |
the United States | dollar | USD | New York | cent | penny
Germany | euro | EUR | Frankfurt | cent |
France | euro | EUR | Paris | cent | centime
Italy | euro | EUR | Milan | cent |
Bangladesh | taka | BDT | Dhaka | poisha |
Georgia | lari | GEL | Tbilisi | tetri |
"""

RATIOS = """
name | top | bottom | family | form | also
the current ratio | current assets | current liabilities | liquidity | times |
the quick ratio | liquid assets | current liabilities | liquidity | times |
the cash ratio | cash | current liabilities | liquidity | times |
the debt ratio | total debt | total assets | leverage | percent |
the debt to equity ratio | total debt | equity | leverage | times | percent
the equity multiplier | total assets | equity | leverage | times |
interest cover | operating profit | interest expense | leverage | times | liquidity
the gross margin | gross profit | revenue | profitability | percent |
the operating margin | operating profit | revenue | profitability | percent |
the net margin | net profit | revenue | profitability | percent |
the return on assets | net profit | total assets | profitability | percent |
the return on equity | net profit | equity | profitability | percent |
the asset turnover | revenue | total assets | efficiency | times |
the inventory turnover | cost of goods sold | average inventory | efficiency | times |
the receivables turnover | revenue | trade receivables | efficiency | times |
the payables turnover | cost of goods sold | trade payables | efficiency | times |
the fixed asset turnover | revenue | fixed assets | efficiency | times |
the price earnings ratio | share price | earnings per share | valuation | times |
the price to book ratio | share price | book value per share | valuation | times |
the price to sales ratio | share price | revenue per share | valuation | times |
the dividend yield | dividend per share | share price | valuation | percent |
the earnings yield | earnings per share | share price | valuation | percent |
the book value per share | equity | number of shares | valuation | money | net profit
the earnings per share | net profit | number of shares | profitability | money | valuation
the loan to value ratio | loan amount | property value | lending | percent | leverage, equity
the loan to deposit ratio | bank loans | customer deposits | banking | percent | liquidity, lending
the capital adequacy ratio | bank capital | risk weighted assets | banking | percent | leverage, equity
the cost to income ratio | operating costs | operating income | banking | percent | efficiency, profitability
the debt service ratio | loan payments | borrower income | lending | percent | leverage
the loss ratio | claims paid | premiums earned | insurance | percent | profitability
the premium to surplus ratio | premiums written | policyholder surplus | insurance | times | leverage
"""

INSTRUMENTS = """
name | class | issuer | claim | venue | also
a treasury bill | debt | government | face value within a year | auction | money market, secondary market
a treasury bond | debt | government | coupons for many years | auction | fixed coupons
a municipal bond | debt | city | coupons free of tax | dealer market | government, fixed coupons
a corporate bond | debt | company | fixed coupons | dealer market | coupons for many years
a zero coupon bond | debt | company | one payment at maturity | dealer market | government
a floating rate note | debt | company | coupons that follow a rate | dealer market | government, bank
a convertible bond | debt | company | bonds that turn into shares | dealer market | fixed coupons
an inflation linked bond | debt | government | coupons that follow prices | auction | coupons for many years
a perpetual bond | debt | bank | coupons without end | dealer market | fixed coupons, government, company
a covered bond | debt | bank | coupons backed by mortgages | dealer market | fixed coupons
commercial paper | debt | company | face value within nine months | money market | dealer market, bank
a certificate of deposit | deposit | bank | interest on a fixed date | bank counter | money market
a savings account | deposit | bank | interest and withdrawals | bank counter |
a common share | equity | company | dividends and votes | stock exchange | bank
a preferred share | equity | company | fixed dividends | stock exchange | bank
a depositary receipt | equity | bank | shares held abroad | stock exchange | dividends and votes
a call option | derivative | option writer | the right to buy | derivatives exchange |
a put option | derivative | option writer | the right to sell | derivatives exchange |
a warrant | derivative | company | the right to buy new shares | stock exchange | the right to buy, bank
a futures contract | derivative | clearing house | delivery at a price fixed today | derivatives exchange |
a forward contract | derivative | bank | a private delivery at a fixed price | dealer market |
  delivery at a price fixed today
an interest rate swap | derivative | bank | fixed interest for floating | dealer market | clearing house
a currency swap | derivative | bank | payments in two currencies | dealer market |
a credit default swap | derivative | protection seller | payment after a default | dealer market | bank, clearing house
a mutual fund | fund | fund manager | a share of a pool | fund office | bank counter
an exchange traded fund | fund | fund manager | an index that trades all day | stock exchange |
a real estate trust | fund | property manager | rents from buildings | stock exchange | fund manager, company,
  dividends and votes
a pension fund | fund | employer | income after work | fund office | fund manager
a mortgage | loan | bank | repayment secured by a house | bank counter |
a student loan | loan | government | repayment after the studies | loan office | bank
"""

ACCOUNTS = """
name | statement | group | side | also
cash | balance sheet | current assets | debit | cash flow statement
inventory | balance sheet | current assets | debit |
trade receivables | balance sheet | current assets | debit |
prepaid rent | balance sheet | current assets | debit |
land | balance sheet | fixed assets | debit |
machinery | balance sheet | fixed assets | debit |
office furniture | balance sheet | fixed assets | debit |
goodwill | balance sheet | intangible assets | debit | fixed assets
a patent | balance sheet | intangible assets | debit | fixed assets
a trademark | balance sheet | intangible assets | debit | fixed assets
trade payables | balance sheet | current liabilities | credit |
accrued wages | balance sheet | current liabilities | credit |
unearned revenue | balance sheet | current liabilities | credit |
income tax payable | balance sheet | current liabilities | credit |
bonds payable | balance sheet | long term liabilities | credit |
a ten year loan | balance sheet | long term liabilities | credit |
the pension obligation | balance sheet | long term liabilities | credit |
share capital | balance sheet | equity | credit |
retained earnings | balance sheet | equity | credit |
the share premium | balance sheet | equity | credit |
sales | income statement | revenue | credit |
service income | income statement | revenue | credit |
interest income | income statement | revenue | credit | financing costs
cost of goods sold | income statement | operating expenses | debit | direct costs
wage expense | income statement | operating expenses | debit |
rent expense | income statement | operating expenses | debit |
advertising | income statement | operating expenses | debit |
depreciation | income statement | operating expenses | debit |
interest expense | income statement | financing costs | debit |
bank charges | income statement | financing costs | debit | operating expenses
money from customers | cash flow statement | operating activities | debit |
wages paid in cash | cash flow statement | operating activities | credit |
the purchase of a factory | cash flow statement | investing activities | credit |
the sale of a building | cash flow statement | investing activities | debit |
a dividend paid | cash flow statement | financing activities | credit |
the issue of shares | cash flow statement | financing activities | debit |
the repayment of a loan | cash flow statement | financing activities | credit |
"""

TERMS = """
name | meaning | actor | also
inflation | a lasting rise of prices | households |
deflation | a lasting fall of prices | households |
a recession | a fall of output over two quarters | economists |
stagflation | high prices without growth | economists |
the policy rate | the interest set by the central bank | central banks |
quantitative easing | large purchases of bonds | central banks |
the reserve requirement | deposits that banks must keep | central banks |
an open market operation | trade in bonds to steer money | central banks |
a currency peg | a fixed exchange rate | central banks |
a bull market | a long rise of share prices | investors |
a bear market | a long fall of share prices | investors |
volatility | how much prices move | investors |
diversification | spreading money over many assets | investors |
a short sale | the sale of borrowed shares | investors |
arbitrage | profit from two prices for one thing | traders |
the bid price | what a dealer pays | traders |
the ask price | what a dealer demands | traders |
the spread | the gap between two prices | traders | a dealer
liquidity risk | no buyer when one must sell | banks |
credit risk | a borrower who does not pay | banks |
collateral | property that secures a loan | banks |
a syndicated loan | one credit from several banks | banks |
a dividend | profit paid to owners | shareholders |
a rights issue | new shares offered to owners | shareholders |
a stock split | more shares at a lower price | shareholders |
a takeover | the purchase of one firm by another | shareholders |
a budget deficit | spending above income | governments |
a tariff | a tax on imports | governments |
a subsidy | public money for producers | governments |
an audit | an outside check of the books | accountants |
amortisation | spreading a cost over years | accountants |
an accrual | a cost booked before payment | accountants |
a premium | the price of insurance | insurers |
a deductible | the loss one pays alone | insurers |
reinsurance | insurance for insurance firms | insurers |
"""
