"""The names of columns in other languages."""

from __future__ import annotations

_NAMES = {
    "accountbalance": "balancefinal 账户余额",
    "accountequity": "账户权益",
    "accountvalue": "账户总值",
    "action": "acao accion acción aktion ação 操作",
    "avgprice": "均价 成交均价",
    "balance": "bakiye guthaben kontoguthaben kontostand saldo solde баланс 余额 残高 잔고",
    "buydate": "kaufdatum 买入日期",
    "buyprice": "kaufkurs kaufpreis preciocompra preçocompra prixachat 买入价 买入价格 매수가",
    "buysell": "cv",
    "buytime": "买入时间 매수시간",
    "capital": "kapital kapitał капитал 资金",
    "closed": "geschlossen",
    "closedate": (
        "datachiusura datafechamento datecloture dateclôture datedefermeture datefermeture fechacierre "
        "fechadecierre датазакрытия 平仓日期"
    ),
    "closedpnl": "平仓盈亏",
    "closeprice": (
        "preciocierre preciodecierre prezzochiusura prezzodichiusura preçodefechamento prixdefermeture "
        "prixfermeture schlusspreis ценазакрытия 平仓价 平仓价格 平仓均价"
    ),
    "closetime": (
        "horacierre fechamento heurefermeture horadecierre schliesszeit schließzeit schlusszeit времязакрытия 平仓时间"
    ),
    "coin": "币种 코인",
    "commission": (
        "courtage comision comisiones comisión comissao comissão commissione commissioni commissions corretagem "
        "komisyon kommission provision prowizja комиссия 佣金"
    ),
    "cost": "成交金额 成交额",
    "costs": "kosten",
    "createdat": "创建时间",
    "currency": "währung",
    "dailyreturn": "tagesrendite 日收益率",
    "date": (
        "datadetransacao datedetransaction datadioperazione dataoperazione data datadeoperação dataexecutada datum "
        "fecha schlusstag tarih дата датасделки "
        "交易日期 成交日期 日付 日期 約定日 "
        "날짜"
    ),
    "datetime": (
        "dataehora datahora dataora dateetheure dateheure datumuhrzeit datumzeit fechahora fechayhora "
        "tarihsaat датавремя датаивремя 取引日時 日時 日期时间 約定日時 일시"
    ),
    "direction": "direcao direccion dirección direzione direção sentido направление",
    "entry": "einstieg",
    "entrydate": (
        "dataentrada dataingresso datedentrée dateentrée einstiegsdatum fechadeentrada fechaentrada "
        "giriştarihi датавхода"
    ),
    "entryprice": (
        "einstiegskurs einstiegspreis girişfiyatı preciodeentrada precioentrada precoentrada prezzodiingresso "
        "prezzoingresso preçodeentrada preçoentrada prixdentree prixdentrée prixentree prixentrée ценавхода "
        "エントリー価格 入场价 入场价格 진입가"
    ),
    "entryreason": "开仓原因",
    "entrytime": "einstiegszeit girişzamanı horaentrada времявхода エントリー日時 入场时间 진입시간",
    "equity": (
        "capitaux depotwert eigenkapital kontowert patrimonio patrimônio vermögen средства эквити 总权益 总资产 权益 "
        "評価額 資産 资产 자산 총자산 평가금액"
    ),
    "executionprice": "ausführungskurs",
    "executiontime": "ausführungszeit",
    "exit": "ausstieg",
    "exitdate": (
        "ausstiegsdatum datasaida datasaída datauscita datedesortie datesortie fechadesalida fechasalida "
        "çıkıştarihi датавыхода"
    ),
    "exitprice": (
        "ausstiegskurs ausstiegspreis preciodesalida preciosalida precosaida prezzodiuscita prezzouscita "
        "preçodesaída preçosaída prixdesortie prixsortie çıkışfiyatı ценавыхода 出场价 出场价格 決済価格 청산가"
    ),
    "exitreason": "平仓原因",
    "exittime": "ausstiegszeit horasalida çıkışzamanı времявыхода 出场时间 決済日時 청산시간",
    "fee": "gebuehr gebühr taxa 交易费用 手数料 手续费 费用 수수료",
    "fees": "frais gebuehren gebühren taxas transaktionskost transaktionskosten",
    "feecurrency": "devisefrais gebuehrenwaehrung gebührenwährung monedacomisión valutacommissione 手续费币种",
    "filled": "已成交",
    "filledqty": "成交数量 成交量 約定数量 체결수량",
    "instrument": "instrumento strumento инструмент",
    "leverage": "杠杆",
    "limitprice": "委托价格",
    "lots": "лоты 手数",
    "market": "markt mercado 마켓",
    "nav": "净值",
    "netpnl": "pnlliquido pnllíquido resultadoliquido resultadolíquido lucroliquido lucrolíquido",
    "netprofit": "净利润",
    "opendate": (
        "dataabertura dataapertura datedouverture dateouverture fechaapertura fechadeapertura датаоткрытия 开仓日期"
    ),
    "opened": "eröffnet",
    "openprice": (
        "eröffnungskurs eröffnungspreis precioapertura preciodeapertura prezzoapertura prezzodiapertura "
        "preçodeabertura prixdouverture prixouverture ценаоткрытия 开仓价 开仓价格 开仓均价"
    ),
    "opentime": (
        "horaapertura abertura eröffnungszeit heureouverture horadeapertura öffnungszeit времяоткрытия 开仓时间"
    ),
    "orderqty": "委托数量",
    "ordertime": "下单时间 委托时间 주문시간",
    "pair": "coppia handelspaar paar paire par para parite währungspaar пара 交易对 币对 通貨ペア",
    "pnlpct": "gewinnprozent gewinnverlustpct gewinnverlustprozent resoperaçãopct 盈亏比例 盈亏百分比",
    "portfoliovalue": "portfoliowert portföydeğeri valeurduportefeuille valordelacartera стоимостьпортфеля 组合价值",
    "price": (
        "cena cours fiyat koers kurs precio precios preco preis preisproeinheit prezzo preço preços prix "
        "stückpreis цена ценасделки 价格 価格 単価 成交价 가격 거래단가 단가"
    ),
    "product": "producto produit produkt produto",
    "profit": (
        "beneficio beneficios ergebnis gain gainperte gains ganancia gananciaperdida gananciapérdida "
        "gananciaspérdidas gewinn gewinnverlust kar karzarar kârzarar lucro lucroperda lucroprejuizo "
        "lucroprejuízo profitperte profitto profittoperdita resoperacao resoperação resultado resultat "
        "résultat utile utileperdita winst winstverlies zysk прибыль прибыльубыток результат финрез 利润 損益 收益 "
        "盈亏 盈亏金额 손익 cambiobalance"
    ),
    "qty": "qtd qtdcompra qtde",
    "quantity": (
        "aantal antal adet anzahl cantidad ilość menge miktar número quantidade quantita quantite quantità quantité "
        "stück stücke títulos колво количество 数量 份额 数量股 거래수량 수량"
    ),
    "rate": "レート",
    "realizedpnl": "実現損益 已实现盈亏 실현손익",
    "reason": "grund handelsgrund motivo raison razón причина 原因",
    "return": "rendement rendimento rendimiento rendite rentabilidad rentabilidade retorno доходность 收益率",
    "selldate": "verkaufsdatum 卖出日期",
    "sellprice": "precioventa preçovenda prixvente verkaufskurs verkaufspreis 卖出价 卖出价格 매도가",
    "selltime": "卖出时间 매도시간",
    "shares": "股数",
    "side": (
        "typavtransaktion typedetransaction typmutatie typemutatie transactietype tipooperazione işlem işlemtipi "
        "kaufverkauf lado operacao operacion operación operazione operação "
        "opération richting richtung seite sens strona yön операция сторона 买卖 买卖方向 买卖标志 交易方向 売買 "
        "売買区分 方向"
    ),
    "size": "größe taille tamanho tamaño",
    "status": "状态",
    "symbol": (
        "värdepapper värdepapperbeskrivning actif activo ativo sembol simbolo symbole símbolo titolo wertpapier "
        "актив символ 代码 合约 品种 标的 "
        "股票代码 "
        "证券代码 銘柄 종목"
    ),
    "ticker": "тикер",
    "time": (
        "czas handelszeit heure hora horario horário ora saat tijd uhrzeit zeit zeitpunkt время времясделки "
        "时间 時刻 時間 시간"
    ),
    "timestamp": "zeitstempel",
    "total": "gesamt gesamtbetrag",
    "totalcapital": "capitaltotal",
    "totalvalue": "gesamtwert 总市值",
    "tradeprice": "成交价格 約定価格 체결가",
    "tradetime": "交易时间 成交时间 거래시간 체결시간",
    "type": "art tipo typ тип 交易类型 取引種別 类型 구분 종류",
    "updatedat": "更新时间",
    "value": "valeur wert",
    "volume": "volumen объем объём",
}
ENGLISH = {name: english for english, names in _NAMES.items() for name in names.split()}
"""German, Spanish, French, Italian, Portuguese, Dutch, Polish, Russian, Turkish, Chinese, Japanese and Korean names,
plain, each by the English one that it stands for."""
