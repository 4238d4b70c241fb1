"""What the café in the scenes writes, in each language of the screen; Russian is the longest."""

from typing import NamedTuple


class Words(NamedTuple):
    """One language's texts."""

    place: str
    people: tuple[str, str, str]
    posts: tuple[str, ...]
    ideas: tuple[str, ...]
    campaign: str
    labels: tuple[str, ...]
    alt: str


WORDS = {
    "en": Words(
        "Kohvik Lummus",
        ("Mari Tamm", "Jaan Kask", "Liis Sepp"),
        (
            "The first cardamom buns of the week leave the oven at eight. Come while they are warm! #cardamom",
            "Tonight we read poems aloud between the coffee sacks. Seven o'clock, no tickets, tea for everybody.",
            "New on the bar: a washed Ethiopian from Guji. Apricot, jasmine, and a finish that stays for the whole "
            "walk home. https://lummus.test/guji",
            "Our terrace is swept, the blankets are out, and the sun comes round the corner at eleven.",
            "We are looking for a second baker who likes quiet mornings. Write to us: tere@lummus.test",
            "Rye bread from our own sourdough, baked slowly through the night. Forty loaves, then it is Tuesday again.",
        ),
        ("A short film of the roaster at work", "Ask regulars for their first memory of us", "Recipe: rhubarb cordial"),
        "Winter menu",
        ("bakery", "events", "hiring"),
        "Six cardamom buns on a blue plate",
    ),
    "et": Words(
        "Kohvik Lummus Vabaduse puiesteel",
        ("Mari Tamm", "Jaan Kask", "Liis Sepp"),
        (
            "Nädala esimesed kardemonisaiad tulevad ahjust kell kaheksa. Tule, kuni need on soojad! #kardemon",
            "Täna õhtul loeme kohvikottide vahel luuletusi ette. Kell seitse, piletita, tee on kõigile.",
            "Uus leti taga: pestud Etioopia kohv Gujist. Aprikoos, jasmiin ja järelmaitse, mis jätkub koduukseni. "
            "https://lummus.test/guji",
            "Terrass on pühitud, pleedid on väljas ja päike jõuab nurga tagant kell üksteist.",
            "Otsime teist pagarit, kellele meeldivad vaiksed hommikutunnid. Kirjuta meile: tere@lummus.test",
            "Rukkileib oma juuretisest, küpsenud aeglaselt terve öö. Nelikümmend pätsi, ja juba ongi jälle teisipäev.",
        ),
        ("Lühifilm röstimismasinast tööhoos", "Küsida püsiklientidelt esimest mälestust", "Retsept: rabarberisiirup"),
        "Talvemenüü ja jõulueeltellimused",
        ("pagaritooted", "üritused", "tööpakkumised"),
        "Kuus kardemonisaia sinisel taldrikul",
    ),
    "ru": Words(
        "Кофейня «Луммус» на улице Вабадузе",
        ("Екатерина Константинопольская", "Александр Рождественский", "Мария-Луиза Преображенская"),
        (
            "Первые на этой неделе булочки с кардамоном выходят из печи ровно в восемь — приходите, пока они тёплые! "
            "#кардамон",
            "Сегодня вечером мы читаем стихи вслух между мешками с кофе. Начало в семь, билетов нет, чай для всех.",
            "Новинка на баре: мытая Эфиопия из региона Гуджи. Абрикос, жасмин и послевкусие, которого хватает на всю "
            "дорогу домой. https://lummus.test/guji",
            "Терраса подметена, пледы вынесены, а солнце выходит из-за угла в одиннадцать часов.",
            "Ищем второго пекаря, который любит тихие рассветные часы. Напишите нам: tere@lummus.test",
            "Ржаной хлеб на собственной закваске, который медленно пёкся всю ночь. Сорок буханок — и снова вторник.",
        ),
        (
            "Короткий фильм о том, как работает обжарочный аппарат",
            "Спросить постоянных гостей об их первом воспоминании",
            "Рецепт: ревеневый сироп с апельсиновой цедрой",
        ),
        "Зимнее меню и рождественские предзаказы",
        ("выпечка", "мероприятия", "трудоустройство"),
        "Шесть булочек с кардамоном на синей тарелке",
    ),
    "zh-hant": Words(
        "露木咖啡館",
        ("陳美玲", "林志明", "王小華"),
        (
            "本週第一爐荳蔻麵包八點出爐，趁熱來吃吧！ #荳蔻麵包",
            "今晚七點，我們在咖啡麻袋之間朗讀詩歌。免費入場，人人有茶。",
            "吧檯新品：衣索比亞古吉水洗豆。杏桃、茉莉，餘韻陪你走回家。 https://lummus.test/guji",
            "露台掃乾淨了，毛毯擺好了，十一點陽光會轉過街角。",
            "我們在找第二位喜歡安靜清晨的麵包師。請寫信來：tere@lummus.test",
            "自家酸種黑麥麵包，整夜慢烤。四十條賣完，就又是星期二了。",
        ),
        ("烘豆機工作的短片", "問問老客人對我們的第一個記憶", "食譜：大黃糖漿"),
        "冬季菜單",
        ("烘焙", "活動", "徵才"),
        "藍盤子上的六個荳蔻麵包",
    ),
}
